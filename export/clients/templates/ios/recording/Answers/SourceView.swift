import SwiftUI

/// The motion sensors, live.
struct SourceView: View {
    let asker: Asker

    @StateObject private var motion = Motion()

    var body: some View {
        VStack(spacing: 24) {
            Image(systemName: "gyroscope")
                .font(.system(size: 72))
                .foregroundStyle(.secondary)
            Text("Move the device.")
        }
        .frame(maxWidth: .infinity, maxHeight: .infinity)
        .onAppear {
            if let trouble = motion.start(take: { [asker] window in asker.askNewest(window) }) {
                asker.report(trouble)
            }
        }
        .onDisappear { motion.stop() }
    }
}
