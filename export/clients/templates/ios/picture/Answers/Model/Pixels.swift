// The pixels that the model takes, by the arithmetic that its training used (Pillow's).

import Foundation

enum Scaling {
    case nearest, bilinear, bicubic, lanczos
}

private let bits = 22 // Of the fixed-point weights.

/// A scaled pixel: the mean of the pixels from `first` on, by `weights`.
private struct Taps {
    let first: Int
    let weights: [Int]
}

/// Returns the pixels of a picture, from 0 to 255: scaled, and its middle cut out.
///
/// With `resize` the shorter side is scaled to that; with 0 the whole picture to width × height.
func pixels(
    of picture: Bitmap, height: Int, width: Int, channels: Int, resize: Int, scaling: Scaling
) -> [Float] {
    let (wide, high) = (picture.wide, picture.high)
    let shorter = min(wide, high)
    let scaledWide = resize == 0 ? width : max(width, resize * wide / shorter)
    let scaledHigh = resize == 0 ? height : max(height, resize * high / shorter)
    let columns = taps(
        size: wide, scaled: scaledWide, start: middle(scaledWide, width), count: width,
        scaling: scaling)
    let rows = taps(
        size: high, scaled: scaledHigh, start: middle(scaledHigh, height), count: height,
        scaling: scaling)
    let top = rows.map { $0.first }.min() ?? 0
    let bottom = rows.map { $0.first + $0.weights.count }.max() ?? 0
    let length = width * channels

    var narrow = [Int](repeating: 0, count: (bottom - top) * length)
    picture.rgba.withUnsafeBufferPointer { rgba in
        for row in top..<bottom {
            for (x, column) in columns.enumerated() {
                for channel in 0..<channels {
                    var sum = 1 << (bits - 1)
                    var pixel = 4 * (row * wide + column.first)
                    for weight in column.weights {
                        sum += weight * part(rgba, pixel, channel, channels)
                        pixel += 4
                    }
                    narrow[(row - top) * length + x * channels + channel] = clipped(sum)
                }
            }
        }
    }

    var values = [Float](repeating: 0, count: height * length)
    for (y, row) in rows.enumerated() {
        for place in 0..<length {
            var sum = 1 << (bits - 1)
            var at = (row.first - top) * length + place
            for weight in row.weights {
                sum += weight * narrow[at]
                at += length
            }
            values[y * length + place] = Float(clipped(sum))
        }
    }
    return values
}

/// Returns red, green or blue of a pixel; of one channel, its grey.
private func part(
    _ rgba: UnsafeBufferPointer<UInt8>, _ pixel: Int, _ channel: Int, _ channels: Int
) -> Int {
    if channels > 1 { return Int(rgba[pixel + channel]) }
    let (red, green, blue) = (Int(rgba[pixel]), Int(rgba[pixel + 1]), Int(rgba[pixel + 2]))
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
}

/// Returns where the middle begins; halves go to the even number.
private func middle(_ whole: Int, _ part: Int) -> Int {
    Int((Double(whole - part) / 2).rounded(.toNearestOrEven))
}

private func taps(size: Int, scaled: Int, start: Int, count: Int, scaling: Scaling) -> [Taps] {
    let scale = Double(size) / Double(scaled)
    if scaling == .nearest { return nearest(scale: scale, start: start, count: count) }
    let reach = scaling == .bilinear ? 1.0 : scaling == .bicubic ? 2.0 : 3.0
    let stretch = max(1, scale) // Where a picture shrinks, all its pixels count.
    return (0..<count).map { index in
        let centre = (Double(start + index) + 0.5) * scale
        let first = max(0, Int((centre - reach * stretch + 0.5).rounded(.down)))
        let end = min(size, Int((centre + reach * stretch + 0.5).rounded(.down)))
        let plain = (first..<end).map { place in
            kernel((Double(place) - centre + 0.5) * (1 / stretch), scaling)
        }
        let sum = plain.reduce(0, +)
        return Taps(first: first, weights: plain.map { fixed($0 / sum) })
    }
}

/// Adds up the steps, as Pillow does: a product would fall on the other side of some edges.
private func nearest(scale: Double, start: Int, count: Int) -> [Taps] {
    var centre = scale / 2
    var all: [Taps] = []
    for _ in 0..<(start + count) {
        all.append(Taps(first: Int(centre.rounded(.down)), weights: [1 << bits]))
        centre += scale
    }
    return Array(all.dropFirst(start))
}

private func fixed(_ weight: Double) -> Int {
    Int(weight * Double(1 << bits) + (weight < 0 ? -0.5 : 0.5))
}

private func kernel(_ x: Double, _ scaling: Scaling) -> Double {
    switch scaling {
    case .bilinear: return max(0, 1 - abs(x))
    case .bicubic: return cubic(abs(x), -0.5)
    default: return abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0
    }
}

private func cubic(_ x: Double, _ a: Double) -> Double {
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
}

private func sinc(_ x: Double) -> Double {
    x == 0 ? 1 : sin(Double.pi * x) / (Double.pi * x)
}

private func clipped(_ sum: Int) -> Int {
    min(max(sum >> bits, 0), 255)
}
