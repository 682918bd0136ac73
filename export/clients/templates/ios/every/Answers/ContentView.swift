import SwiftUI

/// What the model is asked about, and below it, or beside it in landscape, what it says.
struct ContentView: View {
    @StateObject private var asker = Asker()
    @State private var threshold = Double(Facts.threshold)
    @Environment(\.verticalSizeClass) private var height

    var body: some View {
        let layout = height == .compact
            ? AnyLayout(HStackLayout(alignment: .top, spacing: 16))
            : AnyLayout(VStackLayout(alignment: .leading, spacing: 16))
        layout {
            SourceView(asker: asker)
                .frame(maxWidth: .infinity, maxHeight: .infinity)
            VStack(alignment: .leading, spacing: 12) {
                Text(Facts.about)
                    .font(.footnote)
                    .foregroundStyle(.secondary)
                AnswerView(said: asker.said, trouble: asker.trouble, threshold: Float(threshold))
                if Facts.outcome == .classes {
                    Slider(value: $threshold, in: 0...1) { Text("Threshold") }
                    Text("Below \(threshold, format: .percent.precision(.fractionLength(0))): unknown")
                        .font(.footnote)
                        .foregroundStyle(.secondary)
                }
            }
            .frame(maxWidth: .infinity, alignment: .leading)
        }
        .padding()
    }
}
