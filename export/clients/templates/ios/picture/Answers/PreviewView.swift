import AVFoundation
import SwiftUI

/// What the camera sees.
struct PreviewView: UIViewRepresentable {
    let camera: Camera

    func makeUIView(context: Context) -> LayerView {
        let view = LayerView()
        view.preview.session = camera.session
        view.preview.videoGravity = .resizeAspect
        return view
    }

    func updateUIView(_ view: LayerView, context: Context) {
        camera.follow(view.preview)
    }

    /// A view whose layer is the preview.
    final class LayerView: UIView {
        override static var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }

        var preview: AVCaptureVideoPreviewLayer {
            guard let layer = layer as? AVCaptureVideoPreviewLayer else {
                fatalError("the layer is not of layerClass")
            }
            return layer
        }
    }
}
