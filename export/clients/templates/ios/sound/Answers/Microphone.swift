import AVFoundation
import Combine

/// The microphone, without noise suppression and without gain control.
final class Microphone: ObservableObject, @unchecked Sendable {
    private let engine = AVAudioEngine()
    private var ring = Ring(size: Facts.window)
    private var new = 0

    /// Asks for the permission and starts; `take` gets the newest window every `Facts.step` samples.
    func start(take: @escaping @Sendable ([Float]) -> Void) async -> String? {
        guard await AVAudioApplication.requestRecordPermission() else {
            return "It may not use the microphone: allow it in Settings, or choose a file."
        }
        do {
            let session = AVAudioSession.sharedInstance()
            try session.setCategory(.record, mode: .measurement)
            try session.setActive(true)
            let format = engine.inputNode.outputFormat(forBus: 0)
            guard format.sampleRate > 0 else { return "This device has no microphone: choose a file." }
            let resampler = try Resampler(from: format)
            ring = Ring(size: Facts.window)
            new = 0
            engine.inputNode.installTap(onBus: 0, bufferSize: 4096, format: format) { [self] buffer, _ in
                guard let samples = try? resampler.samples(of: buffer, isLast: false) else { return }
                ring.push(samples)
                new += samples.count
                if ring.isFull, new >= Facts.step {
                    new = 0
                    take(ring.samples)
                }
            }
            engine.prepare()
            try engine.start()
            return nil
        } catch {
            stop()
            return "The microphone does not start: \(error.localizedDescription)"
        }
    }

    func stop() {
        engine.inputNode.removeTap(onBus: 0)
        engine.stop()
    }
}
