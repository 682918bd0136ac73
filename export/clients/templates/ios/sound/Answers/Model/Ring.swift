// The newest samples of what never ends.

/// Holds the newest `size` samples.
struct Ring {
    private var kept: [Float]
    private var next = 0
    private var count = 0

    init(size: Int) {
        kept = [Float](repeating: 0, count: size)
    }

    /// Whether as many samples came.
    var isFull: Bool { count >= kept.count }

    mutating func push(_ samples: [Float]) {
        for sample in samples {
            kept[next] = sample
            next = (next + 1) % kept.count
        }
        count += samples.count
    }

    /// The samples, the oldest first.
    var samples: [Float] { Array(kept[next...] + kept[..<next]) }
}
