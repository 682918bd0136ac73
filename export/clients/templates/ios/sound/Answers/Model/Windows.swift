// The windows of a sound, as in the training.

private let whole = 1.5 // A sound up to this many times as long as the window is cut at its end.

/// Returns windows of `size` samples, `step` apart; the last one ends where the sound ends.
func windows(of samples: [Float], size: Int, step: Int) -> [[Float]] {
    if Double(samples.count) <= whole * Double(size) {
        let own = Array(samples.prefix(size))
        return [own + [Float](repeating: 0, count: size - own.count)]
    }
    let last = samples.count - size
    let starts = Array(stride(from: 0, to: last, by: step)) + [last]
    return starts.map { start in Array(samples[start..<(start + size)]) }
}
