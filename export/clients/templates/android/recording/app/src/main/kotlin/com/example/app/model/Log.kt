// What one channel of a sensor gave of late, and samples of it at an even rate.
package com.example.app.model

import kotlin.math.max
import kotlin.math.min

private const val DENSE = 1.25 // With this many values for a sample, a sample is the mean of its time.

/** Values with their times in seconds. */
class Log {
    private val times = ArrayDeque<Double>()
    private val values = ArrayDeque<Double>()

    /** The time of the newest value. */
    val end get() = times.lastOrNull() ?: Double.NEGATIVE_INFINITY

    /** Takes a value, and forgets those that are older than [keep] seconds. */
    fun push(time: Double, value: Float, keep: Double) {
        if (time <= end) return
        times.addLast(time)
        values.addLast(value.toDouble())
        while (times.first() < time - keep) {
            times.removeFirst()
            values.removeFirst()
        }
    }

    /** Returns [count] samples from [start] on, on the lines between values; null: there are too few. */
    fun samples(start: Double, count: Int, rate: Double): FloatArray? {
        if (times.size < 2 || times.first() > start) return null
        val isDense = times.size - 1 > DENSE * (end - times.first()) * rate
        return FloatArray(count) {
            val at = start + it / rate
            if (isDense) mean(max(at - 0.5 / rate, times.first()), min(at + 0.5 / rate, end)) else at(at).toFloat()
        }
    }

    private fun at(time: Double): Double {
        if (time >= end) return values.last()
        val right = times.indexOfFirst { it > time }
        if (right == 0) return values.first()
        val slope = (values[right] - values[right - 1]) / (times[right] - times[right - 1])
        return values[right - 1] + slope * (time - times[right - 1])
    }

    /** Returns the mean of the line from one time to another. */
    private fun mean(low: Double, high: Double): Float {
        val knots = listOf(low) + times.filter { it > low && it < high } + high
        val area = knots.zipWithNext { left, right -> (right - left) * (at(left) + at(right)) / 2 }.sum()
        return (area / (high - low)).toFloat()
    }
}
