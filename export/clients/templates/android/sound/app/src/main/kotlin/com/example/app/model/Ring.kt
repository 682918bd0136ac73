// The newest samples of what never ends.
package com.example.app.model

/** Holds the newest [size] samples. */
class Ring(private val size: Int) {
    private val kept = FloatArray(size)
    private var next = 0
    private var count = 0L

    /** Whether as many samples came. */
    val isFull get() = count >= size

    /** Takes the first [length] of some samples. */
    fun push(samples: FloatArray, length: Int = samples.size) {
        for (place in 0 until length) {
            kept[next] = samples[place]
            next = (next + 1) % size
        }
        count += length
    }

    /** Returns the samples, the oldest first. */
    fun copy() = FloatArray(size) { kept[(next + it) % size] }
}
