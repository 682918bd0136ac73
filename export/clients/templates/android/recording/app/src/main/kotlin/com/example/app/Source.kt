package com.example.app

import android.hardware.Sensor
import android.hardware.SensorEvent
import android.hardware.SensorEventListener
import android.hardware.SensorManager
import android.os.Handler
import android.os.HandlerThread
import android.widget.FrameLayout
import androidx.activity.ComponentActivity
import java.util.concurrent.Executor
import kotlin.math.max
import com.example.app.model.CHANNELS
import com.example.app.model.Log
import com.example.app.model.RATE
import com.example.app.model.STEP
import com.example.app.model.WINDOW

/** What gives each channel: a sensor, the place of its axis, and a factor to the unit of the training. */
private class Given(val sensor: Int, val axis: Int, val factor: Float = 1f)

// Guessed from the names of the channels: look at each. Acceleration is in m/s², with gravity
// (TYPE_LINEAR_ACCELERATION: without), turning in rad/s.
private val GIVEN: Map<String, Given> = CHANNELS.associateWith { name ->
    val lower = name.lowercase()
    val angle = listOf("alpha", "beta", "gamma").indexOf(lower) // Browsers call the turning so.
    val axis = if (angle >= 0) angle
    else "xyz".indexOf(lower.lastOrNull { it in "xyz" } ?: error("say here what the channel $name is"))
    val turns = angle >= 0 || Regex("gyr|rot|turn|omega|angular|^[gw]_?[xyz]$").containsMatchIn(lower)
    val sensor = if (turns) Sensor.TYPE_GYROSCOPE
    else if (Regex("lin|user").containsMatchIn(lower)) Sensor.TYPE_LINEAR_ACCELERATION
    else Sensor.TYPE_ACCELEROMETER
    Given(sensor, axis)
}

// Microseconds from value to value; to ask for less needs another permission.
private const val FASTEST = 5_000

/** The motion sensors, resampled to the rate of the training by their own clock. */
class Source(
    private val activity: ComponentActivity,
    private val view: FrameLayout,
    private val worker: Executor,
    private val ask: (FloatArray) -> Unit,
) : SensorEventListener {
    private val manager = activity.getSystemService(SensorManager::class.java)
    private val logs = CHANNELS.associateWith { Log() }
    private var thread: HandlerThread? = null
    private var due = 0.0

    fun start() {
        if (thread != null) return
        val own = HandlerThread("sensors").apply { start() }
        thread = own
        for (sensor in GIVEN.values.map { it.sensor }.distinct()) {
            val found = manager.getDefaultSensor(sensor) ?: error("this device lacks a sensor of type $sensor")
            manager.registerListener(this, found, max(FASTEST, (1e6 / RATE).toInt()), Handler(own.looper))
        }
    }

    fun stop() {
        manager.unregisterListener(this)
        thread?.quit()
        thread = null
    }

    override fun onSensorChanged(event: SensorEvent) {
        val now = event.timestamp / 1e9
        for ((name, given) in GIVEN) if (given.sensor == event.sensor.type) {
            logs.getValue(name).push(now, event.values[given.axis] * given.factor, keep = (WINDOW + 2) / RATE)
        }
        // All channels end together, with the one that is behind.
        val end = logs.values.minOf { it.end }
        if (end < due) return
        val start = end - (WINDOW - 1) / RATE
        val columns = logs.values.map { it.samples(start, WINDOW, RATE) ?: return }
        due = end + STEP / RATE
        val window = FloatArray(WINDOW * columns.size) { columns[it % columns.size][it / columns.size] }
        worker.execute { ask(window) }
    }

    override fun onAccuracyChanged(sensor: Sensor, accuracy: Int) = Unit

    companion object {
        val PERMISSION: String? = null
    }
}
