// One example through a file, whether it takes all of it at once or is that of a stream.
package com.example.app.model

/**
 * Answers one example. What a stream remembers begins anew with each: with zeros; of a window that
 * slides, with all of the window but its newest numbers.
 *
 * [run] takes the numbers of the inputs by name, calls the file, and gives those of the outputs.
 */
fun answer(
    values: FloatArray,
    input: Tensor,
    output: Tensor,
    states: List<Tensor>,
    slides: Boolean,
    run: (Map<String, FloatArray>) -> Map<String, FloatArray>
): FloatArray {
    val first = if (slides) values.size - input.size else 0
    var remembered = states.associate {
        it.name to if (slides) values.copyOfRange(0, first) else FloatArray(it.size)
    }
    var results = emptyMap<String, FloatArray>()
    for (from in first until values.size step input.size) {
        results = run(remembered + (input.name to values.copyOfRange(from, from + input.size)))
        remembered = states.associate { it.name to results.getValue(it.name) }
    }
    return results.getValue(output.name)
}
