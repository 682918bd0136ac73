// What the numbers of the model mean: labels, values, or "unknown".
package com.example.app.model

import java.util.Locale

/** Returns the places of the labels, that with the best score first. */
fun ranked(scores: FloatArray) = scores.indices.sortedByDescending { scores[it] }

/** Returns the answer as a text. */
fun said(scores: FloatArray, task: Task, labels: List<String>, thresholds: FloatArray, threshold: Float): String =
    when (task) {
        Task.VALUES -> labels.indices.joinToString { "${labels[it]} ${number(scores[it])}" }
        Task.SETS -> ranked(scores).filter { scores[it] >= thresholds[it] }.joinToString { labels[it] }
            .ifEmpty { "none of them" }
        Task.CLASSES -> ranked(scores).first().let { if (scores[it] < threshold) "unknown" else labels[it] }
    }

/** Returns a line for each of the best labels. */
fun listed(scores: FloatArray, task: Task, labels: List<String>, most: Int = 5): String {
    if (task == Task.VALUES) return ""
    return ranked(scores).take(most).joinToString("\n") {
        String.format(Locale.ROOT, "%5.1f %%  %s", 100 * scores[it], labels[it])
    }
}

private fun number(value: Float) = String.format(Locale.ROOT, "%.5g", value)
