// The pixels that the model takes, by the arithmetic that its training used (Pillow's).
package com.example.app.model

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sin

enum class Scaling { NEAREST, BILINEAR, BICUBIC, LANCZOS }

private const val BITS = 22 // Of the fixed-point weights.

/** A scaled pixel: the mean of the pixels from [first] on, by [weights]. */
private class Taps(val first: Int, val weights: LongArray)

/**
 * Returns the pixels of a picture, from 0 to 255: scaled, and its middle cut out.
 *
 * [argb] holds wide × high opaque pixels. With [resize] the shorter side is scaled to that; with 0 the
 * whole picture to width × height.
 */
fun pixelsOf(
    argb: IntArray, wide: Int, high: Int, height: Int, width: Int, channels: Int, resize: Int, scaling: Scaling
): FloatArray {
    val shorter = min(wide, high)
    val scaledWide = if (resize == 0) width else max(width, resize * wide / shorter)
    val scaledHigh = if (resize == 0) height else max(height, resize * high / shorter)
    val columns = taps(wide, scaledWide, middle(scaledWide, width), width, scaling)
    val rows = taps(high, scaledHigh, middle(scaledHigh, height), height, scaling)
    val top = rows.minOf { it.first }
    val bottom = rows.maxOf { it.first + it.weights.size }
    val narrow = IntArray((bottom - top) * width * channels)
    for (row in top until bottom) for (x in 0 until width) for (channel in 0 until channels) {
        var sum = 1L shl (BITS - 1)
        val taps = columns[x]
        for (tap in taps.weights.indices) {
            sum += taps.weights[tap] * part(argb[row * wide + taps.first + tap], channel, channels)
        }
        narrow[((row - top) * width + x) * channels + channel] = clipped(sum)
    }
    val length = width * channels
    return FloatArray(height * length) { place ->
        val taps = rows[place / length]
        var sum = 1L shl (BITS - 1)
        for (tap in taps.weights.indices) {
            sum += taps.weights[tap] * narrow[(taps.first - top + tap) * length + place % length]
        }
        clipped(sum).toFloat()
    }
}

/** Returns red, green or blue of a pixel; of one channel, its grey. */
private fun part(argb: Int, channel: Int, channels: Int): Int {
    val (red, green, blue) = Triple(argb shr 16 and 255, argb shr 8 and 255, argb and 255)
    if (channels == 1) return (19595 * red + 38470 * green + 7471 * blue + 32768) shr 16
    return if (channel == 0) red else if (channel == 1) green else blue
}

/** Returns where the middle begins; halves go to the even number. */
private fun middle(whole: Int, part: Int) = Math.rint((whole - part) / 2.0).toInt()

private fun taps(size: Int, scaled: Int, start: Int, count: Int, scaling: Scaling): List<Taps> {
    val scale = size.toDouble() / scaled
    if (scaling == Scaling.NEAREST) return nearest(scale, start, count)
    val reach = when (scaling) {
        Scaling.BILINEAR -> 1.0
        Scaling.BICUBIC -> 2.0
        else -> 3.0
    }
    val stretch = max(1.0, scale) // Where a picture shrinks, all its pixels count.
    return List(count) { index ->
        val centre = (start + index + 0.5) * scale
        val first = max(0, floor(centre - reach * stretch + 0.5).toInt())
        val end = min(size, floor(centre + reach * stretch + 0.5).toInt())
        val plain = DoubleArray(end - first) { kernel((first + it - centre + 0.5) * (1 / stretch), scaling) }
        val sum = plain.sum()
        Taps(first, LongArray(plain.size) { fixed(plain[it] / sum) })
    }
}

/** Adds up the steps, as Pillow does: a product would fall on the other side of some edges. */
private fun nearest(scale: Double, start: Int, count: Int): List<Taps> {
    var centre = scale / 2
    val all = List(start + count) { Taps(floor(centre).toInt(), longArrayOf(1L shl BITS)).also { centre += scale } }
    return all.drop(start)
}

private fun fixed(weight: Double) = (weight * (1 shl BITS) + if (weight < 0) -0.5 else 0.5).toLong()

private fun kernel(x: Double, scaling: Scaling): Double = when (scaling) {
    Scaling.BILINEAR -> max(0.0, 1 - abs(x))
    Scaling.BICUBIC -> cubic(abs(x), -0.5)
    else -> if (abs(x) < 3) sinc(x) * sinc(x / 3) else 0.0
}

private fun cubic(x: Double, a: Double) = when {
    x < 1 -> ((a + 2) * x - (a + 3)) * x * x + 1
    x < 2 -> (((x - 5) * x + 8) * x - 4) * a
    else -> 0.0
}

private fun sinc(x: Double) = if (x == 0.0) 1.0 else sin(PI * x) / (PI * x)

private fun clipped(sum: Long) = (sum shr BITS).coerceIn(0, 255).toInt()
