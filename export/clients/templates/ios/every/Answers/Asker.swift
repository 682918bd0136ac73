import Combine
import Foundation

/// What the model said: its scores, how long it took for one example, and where it runs.
struct Said {
    let scores: [Float]
    let milliseconds: Double
    let place: String
}

/// Asks the model on a queue of its own, and publishes on the main thread what it says.
/// What is published changes on the main thread, all else on the worker.
final class Asker: ObservableObject, @unchecked Sendable {
    @Published private(set) var said: Said?
    @Published private(set) var trouble: String?

    /// The model is made and asked on this queue.
    let worker = DispatchQueue(label: "model", qos: .userInitiated)

    private var classifier: Classifier?
    private let idle = DispatchSemaphore(value: 1)

    init() {
        worker.async { [self] in
            do {
                classifier = try Classifier()
            } catch {
                report("The model does not open: \(error.localizedDescription)")
            }
        }
    }

    /// Asks about the examples that `prepare` makes on the worker, and takes the mean of the answers.
    func ask(_ prepare: @escaping @Sendable () throws -> [[Float]]) {
        worker.async { [self] in
            do {
                answer(try prepare())
            } catch {
                report(error.localizedDescription)
            }
        }
    }

    /// Asks about what a sensor gave; while the model works, what else it gives is left out.
    func askNewest(_ values: [Float]) {
        guard idle.wait(timeout: .now()) == .success else { return }
        worker.async { [self] in
            answer([values])
            idle.signal()
        }
    }

    /// Asks at once. To be called on the worker.
    func answer(_ examples: [[Float]]) {
        guard let classifier, !examples.isEmpty else { return }
        do {
            let started = DispatchTime.now().uptimeNanoseconds
            let answers = try examples.map { try classifier.scores($0) }
            let passed = Double(DispatchTime.now().uptimeNanoseconds - started) / 1e6
            let result = Said(
                scores: mean(of: answers), milliseconds: passed / Double(examples.count),
                place: classifier.place)
            DispatchQueue.main.async { [self] in
                said = result
                trouble = nil
            }
        } catch {
            report("The model does not answer: \(error.localizedDescription)")
        }
    }

    /// Shows what went wrong.
    func report(_ text: String) {
        DispatchQueue.main.async { [self] in trouble = text }
    }
}
