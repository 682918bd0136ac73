// What one channel of a sensor gave of late, and samples of it at an even rate.

private let dense = 1.25 // With this many values for a sample, a sample is the mean of its time.

/// Values with their times in seconds.
struct Log {
    private var times: [Double] = []
    private var values: [Double] = []

    /// The time of the newest value.
    var end: Double { times.last ?? -.infinity }

    /// Takes a value, and forgets those that are older than `keep` seconds.
    mutating func push(_ time: Double, _ value: Float, keep: Double) {
        guard time > end else { return }
        times.append(time)
        values.append(Double(value))
        let old = times.prefix(while: { $0 < time - keep }).count
        times.removeFirst(old)
        values.removeFirst(old)
    }

    /// Returns `count` samples from `start` on, on the lines between values; nil: there are too few.
    func samples(from start: Double, count: Int, rate: Double) -> [Float]? {
        guard times.count > 1, times[0] <= start else { return nil }
        let isDense = Double(times.count - 1) > dense * (end - times[0]) * rate
        return (0..<count).map { place in
            let at = start + Double(place) / rate
            if !isDense { return Float(value(at: at)) }
            return Float(mean(from: max(at - 0.5 / rate, times[0]), to: min(at + 0.5 / rate, end)))
        }
    }

    private func value(at time: Double) -> Double {
        guard let right = times.firstIndex(where: { $0 > time }) else { return values[values.count - 1] }
        if right == 0 { return values[0] }
        let slope = (values[right] - values[right - 1]) / (times[right] - times[right - 1])
        return values[right - 1] + slope * (time - times[right - 1])
    }

    /// Returns the mean of the line from one time to another.
    private func mean(from low: Double, to high: Double) -> Double {
        let knots = [low] + times.filter { $0 > low && $0 < high } + [high]
        let areas = zip(knots, knots.dropFirst()).map { left, right in
            (right - left) * (value(at: left) + value(at: right)) / 2
        }
        return areas.reduce(0, +) / (high - low)
    }
}
