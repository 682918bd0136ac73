import Foundation
import LiteRT

/// Runs the exported file with LiteRT: on the GPU if that takes it, otherwise on the processor.
final class Classifier {
    /// Where it runs, for a person.
    let place: String

    private let model: CompiledModel
    private let inputs: [(name: String, buffer: TensorBuffer)]
    private let outputs: [(name: String, buffer: TensorBuffer)]

    init() throws {
        guard let path = Bundle.main.path(forResource: "model", ofType: "tflite") else {
            throw CocoaError(.fileNoSuchFile)
        }
        let environment = try Environment()
        let onGpu = try? Classifier.compiled(path, environment, on: .gpu)
        let compiled = try onGpu ?? Classifier.compiled(path, environment, on: .cpu)
        place = onGpu == nil ? "the processor" : "the GPU"
        inputs = try compiled.createInputBuffers().enumerated().map { index, buffer in
            (name: try compiled.inputName(inputIndex: index), buffer: buffer)
        }
        outputs = try compiled.createOutputBuffers().enumerated().map { index, buffer in
            (name: try compiled.outputName(outputIndex: index), buffer: buffer)
        }
        model = compiled
    }

    /// Returns the scores of one example. Slow: call it off the main thread, and from one queue.
    func scores(_ values: [Float]) throws -> [Float] {
        try throughFile(
            values, input: Facts.input, output: Facts.output, states: Facts.states,
            slides: Facts.slides, run: run)
    }

    private func run(_ given: [String: [Float]]) throws -> [String: [Float]] {
        for (name, buffer) in inputs {
            try buffer.write(given[name] ?? [Float]())
        }
        try model.run(inputs: inputs.map { $0.buffer }, outputs: outputs.map { $0.buffer })
        var results: [String: [Float]] = [:]
        for (name, buffer) in outputs {
            let numbers: [Float] = try buffer.read()
            results[name] = numbers
        }
        return results
    }

    private static func compiled(
        _ path: String, _ environment: Environment, on accelerator: Accelerator
    ) throws -> CompiledModel {
        let options = try Options()
        try options.setHardwareAccelerators([accelerator])
        return try CompiledModel(filePath: path, environment: environment, options: options)
    }
}
