// One example through a file, whether it takes all of it at once or is that of a stream.

/// Answers one example. What a stream remembers begins anew with each: with zeros; of a window that
/// slides, with all of the window but its newest numbers.
///
/// `run` takes the numbers of the inputs by name, calls the file, and gives those of the outputs.
func throughFile(
    _ values: [Float], input: Tensor, output: Tensor, states: [Tensor], slides: Bool,
    run: ([String: [Float]]) throws -> [String: [Float]]
) rethrows -> [Float] {
    let first = slides ? values.count - input.size : 0
    var given: [String: [Float]] = [:]
    for state in states {
        given[state.name] = slides
            ? Array(values[..<first]) : [Float](repeating: 0, count: state.size)
    }
    var results: [String: [Float]] = [:]
    for from in stride(from: first, to: values.count, by: input.size) {
        given[input.name] = Array(values[from..<(from + input.size)])
        results = try run(given)
        for state in states {
            given[state.name] = results[state.name]
        }
    }
    return results[output.name] ?? []
}
