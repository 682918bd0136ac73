import SwiftUI
import UniformTypeIdentifiers

/// The microphone, live, or a file; a long one is answered part by part, and by the mean of its parts.
struct SourceView: View {
    let asker: Asker

    @StateObject private var microphone = Microphone()
    @State private var isLive = false
    @State private var isChoosing = false

    var body: some View {
        VStack(spacing: 24) {
            Image(systemName: isLive ? "waveform" : "waveform.slash")
                .font(.system(size: 72))
                .foregroundStyle(isLive ? Color.accentColor : Color.secondary)
                .symbolEffect(.variableColor, isActive: isLive)
            HStack {
                Button(isLive ? "Stop" : "Listen", systemImage: "mic") {
                    if isLive { stop() } else { start() }
                }
                Button("File", systemImage: "folder") { isChoosing = true }
            }
            .buttonStyle(.bordered)
        }
        .frame(maxWidth: .infinity, maxHeight: .infinity)
        .task { start() }
        .onDisappear { stop() }
        .fileImporter(isPresented: $isChoosing, allowedContentTypes: [.audio]) { result in
            stop()
            asker.ask {
                try windows(of: decoded(result.get()), size: Facts.window, step: Facts.step)
            }
        }
    }

    private func start() {
        guard !isLive else { return }
        Task { @MainActor in
            let trouble = await microphone.start { [asker] window in asker.askNewest(window) }
            if let trouble {
                asker.report(trouble)
            } else {
                isLive = true
            }
        }
    }

    private func stop() {
        guard isLive else { return }
        isLive = false
        microphone.stop()
    }
}
