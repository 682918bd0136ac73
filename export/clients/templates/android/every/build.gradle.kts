plugins {
    alias(libs.plugins.android) apply false
}
