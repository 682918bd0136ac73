import AVFoundation

/// Brings sound to one channel and to the rate of the training.
final class Resampler {
    private let converter: AVAudioConverter
    private let learnt: AVAudioFormat
    private let mono: AVAudioFormat

    init(from format: AVAudioFormat) throws {
        guard
            let mono = AVAudioFormat(
                commonFormat: .pcmFormatFloat32, sampleRate: format.sampleRate, channels: 1,
                interleaved: false),
            let learnt = AVAudioFormat(
                commonFormat: .pcmFormatFloat32, sampleRate: Facts.rate, channels: 1,
                interleaved: false),
            let converter = AVAudioConverter(from: mono, to: learnt)
        else { throw CocoaError(.featureUnsupported) }
        converter.sampleRateConverterQuality = AVAudioQuality.max.rawValue
        self.mono = mono
        self.learnt = learnt
        self.converter = converter
    }

    /// Returns the next samples, from -1 to 1; with `isLast` those too that the filter held back.
    func samples(of buffer: AVAudioPCMBuffer, isLast: Bool) throws -> [Float] {
        let given = try mixed(buffer)
        let most = Double(given.frameLength) * learnt.sampleRate / mono.sampleRate + 4096
        guard let result = AVAudioPCMBuffer(pcmFormat: learnt, frameCapacity: AVAudioFrameCount(most))
        else { throw CocoaError(.featureUnsupported) }
        let once = Once()
        var trouble: NSError?
        let outcome = converter.convert(to: result, error: &trouble) { _, status in
            if once.isDone {
                status.pointee = isLast ? .endOfStream : .noDataNow
                return nil
            }
            once.isDone = true
            status.pointee = .haveData
            return given
        }
        if let trouble { throw trouble }
        if outcome == .error { throw CocoaError(.featureUnsupported) }
        return numbers(of: result, channel: 0)
    }

    /// Returns the mean of the channels.
    private func mixed(_ buffer: AVAudioPCMBuffer) throws -> AVAudioPCMBuffer {
        guard let result = AVAudioPCMBuffer(pcmFormat: mono, frameCapacity: buffer.frameCapacity),
            let target = result.floatChannelData?[0]
        else { throw CocoaError(.featureUnsupported) }
        result.frameLength = buffer.frameLength
        let channels = (0..<Int(buffer.format.channelCount)).map { numbers(of: buffer, channel: $0) }
        for place in 0..<Int(buffer.frameLength) {
            target[place] = channels.reduce(0) { $0 + $1[place] } / Float(channels.count)
        }
        return result
    }

    private func numbers(of buffer: AVAudioPCMBuffer, channel: Int) -> [Float] {
        guard let samples = buffer.floatChannelData?[channel] else { return [] }
        return (0..<Int(buffer.frameLength)).map { samples[$0 * buffer.stride] }
    }
}

/// Whether something is done, for a closure that is called again.
private final class Once: @unchecked Sendable {
    var isDone = false
}

/// Returns the samples of a sound file at the rate of the training.
func decoded(_ url: URL) throws -> [Float] {
    let isOpened = url.startAccessingSecurityScopedResource()
    defer { if isOpened { url.stopAccessingSecurityScopedResource() } }
    let file = try AVAudioFile(forReading: url)
    let format = file.processingFormat
    guard file.length > 0,
        let buffer = AVAudioPCMBuffer(
            pcmFormat: format, frameCapacity: AVAudioFrameCount(file.length))
    else { throw CocoaError(.fileReadCorruptFile) }
    try file.read(into: buffer)
    if format.sampleRate == Facts.rate, format.channelCount == 1, let samples = buffer.floatChannelData {
        return (0..<Int(buffer.frameLength)).map { samples[0][$0] }
    }
    return try Resampler(from: format).samples(of: buffer, isLast: true)
}
