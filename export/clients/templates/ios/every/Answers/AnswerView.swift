import SwiftUI

/// The answer, a bar for each of the best labels, and how long it took.
struct AnswerView: View {
    let said: Said?
    let trouble: String?
    let threshold: Float

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            if let trouble {
                Text(trouble).foregroundStyle(.red)
            }
            if let said {
                Text(answerText(said.scores, threshold: threshold))
                    .font(.title.bold())
                if Facts.outcome != .values {
                    ForEach(ranked(said.scores).prefix(5), id: \.self) { place in
                        bar(Facts.labels[place], said.scores[place])
                    }
                }
                Text("\(said.milliseconds, format: .number.precision(.fractionLength(1))) ms on \(said.place)")
                    .font(.footnote)
                    .foregroundStyle(.secondary)
            } else {
                Text("Getting ready …").font(.title.bold())
            }
        }
    }

    private func bar(_ label: String, _ score: Float) -> some View {
        VStack(alignment: .leading, spacing: 2) {
            HStack {
                Text(label)
                Spacer()
                Text(Double(score), format: .percent.precision(.fractionLength(1))).monospacedDigit()
            }
            ProgressView(value: Double(min(max(score, 0), 1)))
        }
        .accessibilityElement(children: .combine)
    }

    private func answerText(_ scores: [Float], threshold: Float) -> String {
        answer(
            of: scores, outcome: Facts.outcome, labels: Facts.labels, thresholds: Facts.thresholds,
            threshold: threshold)
    }
}
