import AVFoundation
import Combine

/// The back camera. Frames come upright, however the device is held; those that come while the model
/// works are left out.
final class Camera: NSObject, ObservableObject, AVCaptureVideoDataOutputSampleBufferDelegate,
    @unchecked Sendable
{
    let session = AVCaptureSession()

    private let output = AVCaptureVideoDataOutput()
    private var device: AVCaptureDevice?
    private var rotation: AVCaptureDevice.RotationCoordinator?
    private weak var followed: AVCaptureVideoPreviewLayer?
    private var watching: [NSKeyValueObservation] = []
    private var take: (@Sendable (Bitmap) -> Void)?

    /// Asks for the permission and starts; `take` is called on the queue. Returns what is in the way.
    func start(on queue: DispatchQueue, take: @escaping @Sendable (Bitmap) -> Void) async
        -> String?
    {
        guard await AVCaptureDevice.requestAccess(for: .video) else {
            return "It may not use the camera: allow it in Settings, or choose a photo."
        }
        guard let device = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .back),
            let input = try? AVCaptureDeviceInput(device: device)
        else { return "This device has no camera: choose a photo." }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            queue.async { [self] in
                if session.inputs.isEmpty {
                    self.device = device
                    self.take = take
                    setUp(input, queue)
                }
                if !session.isRunning { session.startRunning() }
                done.resume()
            }
        }
        return nil
    }

    private func setUp(_ input: AVCaptureDeviceInput, _ queue: DispatchQueue) {
        session.beginConfiguration()
        session.sessionPreset = .high
        if session.canAddInput(input) { session.addInput(input) }
        output.alwaysDiscardsLateVideoFrames = true
        output.videoSettings = [
            kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA
        ]
        output.setSampleBufferDelegate(self, queue: queue)
        if session.canAddOutput(output) { session.addOutput(output) }
        session.commitConfiguration()
    }

    func stop(on queue: DispatchQueue) {
        queue.async { [self] in
            if session.isRunning { session.stopRunning() }
        }
    }

    /// Turns preview and frames with the device. To be called on the main thread.
    func follow(_ preview: AVCaptureVideoPreviewLayer) {
        guard followed !== preview, let device else { return }
        followed = preview
        let own = AVCaptureDevice.RotationCoordinator(device: device, previewLayer: preview)
        rotation = own
        watching = [
            own.observe(\.videoRotationAngleForHorizonLevelPreview, options: [.initial, .new]) {
                own, _ in
                turn(preview.connection, to: own.videoRotationAngleForHorizonLevelPreview)
            },
            own.observe(\.videoRotationAngleForHorizonLevelCapture, options: [.initial, .new]) {
                [output] own, _ in
                turn(output.connection(with: .video), to: own.videoRotationAngleForHorizonLevelCapture)
            },
        ]
    }

    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer,
        from connection: AVCaptureConnection
    ) {
        guard let frame = CMSampleBufferGetImageBuffer(sampleBuffer) else { return }
        take?(bitmap(of: frame))
    }

    private func bitmap(of frame: CVPixelBuffer) -> Bitmap {
        CVPixelBufferLockBaseAddress(frame, .readOnly)
        defer { CVPixelBufferUnlockBaseAddress(frame, .readOnly) }
        let wide = CVPixelBufferGetWidth(frame)
        let high = CVPixelBufferGetHeight(frame)
        let stride = CVPixelBufferGetBytesPerRow(frame)
        guard let base = CVPixelBufferGetBaseAddress(frame) else {
            return Bitmap(rgba: [255, 255, 255, 255], wide: 1, high: 1)
        }
        let bgra = base.assumingMemoryBound(to: UInt8.self)
        var rgba = [UInt8](repeating: 255, count: 4 * wide * high)
        for y in 0..<high {
            for x in 0..<wide {
                let (from, to) = (y * stride + 4 * x, 4 * (y * wide + x))
                rgba[to] = bgra[from + 2]
                rgba[to + 1] = bgra[from + 1]
                rgba[to + 2] = bgra[from]
            }
        }
        return Bitmap(rgba: rgba, wide: wide, high: high)
    }
}

private func turn(_ connection: AVCaptureConnection?, to angle: CGFloat) {
    guard let connection, connection.isVideoRotationAngleSupported(angle) else { return }
    connection.videoRotationAngle = angle
}
