import Combine
import CoreMotion
import Foundation

/// What gives a channel: a sensor, the place of its axis, and a factor to the unit of the training.
private struct Given {
    enum Sensor {
        case acceleration, moving, turning
    }

    let sensor: Sensor
    let axis: Int
    let factor: Double
}

// Metres per second squared in CoreMotion's unit. Its sign is the opposite of Android's and browsers'.
private let gravity = -9.80665

/// Guesses from the name of a channel what gives it: look at each. Acceleration is in m/s², with gravity
/// (`moving`: without) and signs as on Android, turning in rad/s.
private func given(for name: String) -> Given? {
    let lower = name.lowercased()
    let angle = ["alpha", "beta", "gamma"].firstIndex(of: lower) // Browsers call the turning so.
    let letter = lower.last(where: { "xyz".contains($0) })
    guard let axis = angle ?? letter.flatMap({ ["x", "y", "z"].firstIndex(of: String($0)) }) else {
        return nil
    }
    let says = { (pattern: String) in lower.range(of: pattern, options: .regularExpression) != nil }
    if angle != nil || says("gyr|rot|turn|omega|angular|^[gw]_?[xyz]$") {
        return Given(sensor: .turning, axis: axis, factor: 1)
    }
    return Given(sensor: says("lin|user") ? .moving : .acceleration, axis: axis, factor: gravity)
}

/// The motion sensors, resampled to the rate of the training by their own clock.
final class Motion: ObservableObject, @unchecked Sendable {
    private let manager = CMMotionManager()
    private let queue = OperationQueue()
    private var logs = [Log](repeating: Log(), count: Facts.channels.count)
    private var due = 0.0
    private var take: (@Sendable ([Float]) -> Void)?

    init() {
        queue.maxConcurrentOperationCount = 1
    }

    /// Starts; `take` gets the newest window every `Facts.step` samples. Returns what is in the way.
    func start(take: @escaping @Sendable ([Float]) -> Void) -> String? {
        let channels = Facts.channels.compactMap { given(for: $0) }
        guard channels.count == Facts.channels.count else {
            return "Say in Motion.swift what these channels are: \(Facts.channels.joined(separator: ", "))"
        }
        let sensors = Set(channels.map { $0.sensor })
        guard !sensors.contains(.acceleration) || manager.isAccelerometerAvailable,
            !sensors.contains(.turning) || manager.isGyroAvailable,
            !sensors.contains(.moving) || manager.isDeviceMotionAvailable
        else { return "This device lacks a motion sensor that the model needs." }
        self.take = take
        let interval = max(0.01, 1 / Facts.rate)
        manager.accelerometerUpdateInterval = interval
        manager.gyroUpdateInterval = interval
        manager.deviceMotionUpdateInterval = interval
        if sensors.contains(.acceleration) {
            manager.startAccelerometerUpdates(to: queue) { [weak self] data, _ in
                guard let data else { return }
                let axes = [data.acceleration.x, data.acceleration.y, data.acceleration.z]
                self?.push(axes, of: .acceleration, at: data.timestamp, channels)
            }
        }
        if sensors.contains(.turning) {
            manager.startGyroUpdates(to: queue) { [weak self] data, _ in
                guard let data else { return }
                let axes = [data.rotationRate.x, data.rotationRate.y, data.rotationRate.z]
                self?.push(axes, of: .turning, at: data.timestamp, channels)
            }
        }
        if sensors.contains(.moving) {
            manager.startDeviceMotionUpdates(to: queue) { [weak self] data, _ in
                guard let data else { return }
                let own = data.userAcceleration
                self?.push([own.x, own.y, own.z], of: .moving, at: data.timestamp, channels)
            }
        }
        return nil
    }

    func stop() {
        manager.stopAccelerometerUpdates()
        manager.stopGyroUpdates()
        manager.stopDeviceMotionUpdates()
    }

    private func push(
        _ axes: [Double], of sensor: Given.Sensor, at time: Double, _ channels: [Given]
    ) {
        let keep = Double(Facts.window + 2) / Facts.rate
        for (place, channel) in channels.enumerated() where channel.sensor == sensor {
            logs[place].push(time, Float(axes[channel.axis] * channel.factor), keep: keep)
        }
        // All channels end together, with the one that is behind.
        let end = logs.map { $0.end }.min() ?? -.infinity
        guard end >= due else { return }
        let start = end - Double(Facts.window - 1) / Facts.rate
        let columns = logs.compactMap { log in
            log.samples(from: start, count: Facts.window, rate: Facts.rate)
        }
        guard columns.count == logs.count else { return }
        due = end + Double(Facts.step) / Facts.rate
        take?((0..<Facts.window).flatMap { row in columns.map { $0[row] } })
    }
}
