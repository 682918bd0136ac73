import PhotosUI
import SwiftUI

/// The camera, live, or a photo of the library, which needs no permission.
struct SourceView: View {
    let asker: Asker

    @StateObject private var camera = Camera()
    @State private var chosen: PhotosPickerItem?
    @State private var photo: UIImage?
    @State private var isLive = false

    var body: some View {
        VStack(spacing: 12) {
            ZStack {
                RoundedRectangle(cornerRadius: 12).fill(.quaternary)
                if isLive {
                    PreviewView(camera: camera)
                } else if let photo {
                    Image(uiImage: photo).resizable().scaledToFit()
                }
            }
            .clipShape(RoundedRectangle(cornerRadius: 12))
            HStack {
                Button(isLive ? "Stop" : "Camera", systemImage: "camera") {
                    if isLive { stop() } else { start() }
                }
                PhotosPicker(selection: $chosen, matching: .images) {
                    Label("Photo", systemImage: "photo")
                }
            }
            .buttonStyle(.bordered)
        }
        .task { start() }
        .onDisappear { stop() }
        .onChange(of: chosen) { _, item in
            guard let item else { return }
            Task { await look(at: item) }
        }
    }

    private func start() {
        photo = nil
        Task { @MainActor in
            let trouble = await camera.start(on: asker.worker) { [asker] frame in
                asker.answer([values(of: frame)])
            }
            if let trouble {
                asker.report(trouble)
            } else {
                isLive = true
            }
        }
    }

    private func stop() {
        isLive = false
        camera.stop(on: asker.worker)
    }

    @MainActor
    private func look(at item: PhotosPickerItem) async {
        stop()
        guard let file = try? await item.loadTransferable(type: Data.self) else {
            asker.report("That photo does not open.")
            return
        }
        photo = UIImage(data: file)
        asker.ask { [values(of: try decoded(file))] }
    }
}

// Outside of the view, which belongs to the main thread.
private func values(of picture: Bitmap) -> [Float] {
    pixels(
        of: picture, height: Facts.height, width: Facts.width, channels: Facts.channels,
        resize: Facts.resize, scaling: Facts.scaling)
}
