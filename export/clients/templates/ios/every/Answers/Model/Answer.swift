// What the numbers of the model mean: labels, values, or "unknown".

import Foundation

/// Returns the places of the labels, that with the best score first.
func ranked(_ scores: [Float]) -> [Int] {
    scores.indices.sorted { one, other in
        scores[one] == scores[other] ? one < other : scores[one] > scores[other]
    }
}

/// Returns the answer as a text.
func answer(
    of scores: [Float], outcome: Outcome, labels: [String], thresholds: [Float], threshold: Float
) -> String {
    switch outcome {
    case .values:
        return zip(labels, scores)
            .map { label, score in "\(label) \(String(format: "%.5g", Double(score)))" }
            .joined(separator: ", ")
    case .sets:
        let right = ranked(scores).filter { scores[$0] >= thresholds[$0] }.map { labels[$0] }
        return right.isEmpty ? "none of them" : right.joined(separator: ", ")
    case .classes:
        guard let best = ranked(scores).first else { return "unknown" }
        return scores[best] < threshold ? "unknown" : labels[best]
    }
}

/// Returns the mean of the answers to the parts of one thing.
func mean(of answers: [[Float]]) -> [Float] {
    guard let first = answers.first else { return [] }
    return first.indices.map { place in
        answers.reduce(0) { sum, answer in sum + answer[place] } / Float(answers.count)
    }
}
