// What `test_android.py` asks of the plain Kotlin in the Android projects, each in a package of its own.
import java.io.DataInputStream
import java.io.File
import com.example.picture.model.Scaling
import com.example.picture.model.pixelsOf
import com.example.recording.model.Log
import com.example.sound.model.LABELS
import com.example.sound.model.Ring
import com.example.sound.model.Task
import com.example.sound.model.Tensor
import com.example.sound.model.answer
import com.example.sound.model.listed
import com.example.sound.model.said
import com.example.table.model.row

fun line(name: String, values: FloatArray) = println("$name: ${values.joinToString(" ")}")

fun main() {
    val bytes = DataInputStream(File("argb.bin").inputStream().buffered())
    val argb = IntArray(61 * 43) { bytes.readInt() }
    for (scaling in Scaling.values()) for ((resize, channels) in listOf(0 to 3, 21 to 1)) {
        line("${scaling.name} $resize", pixelsOf(argb, 61, 43, 18, 16, channels, resize, scaling))
    }

    val ring = Ring(5)
    var next = 0f
    for (size in listOf(1, 3, 0, 4, 2)) {
        ring.push(FloatArray(size + 1) { next + it }, size)
        next += size
        line("ring ${ring.isFull}", ring.copy())
    }

    val log = Log()
    for (row in File("log.txt").readLines()) {
        val (time, value) = row.split(" ")
        log.push(time.toDouble(), value.toFloat(), keep = 2.0)
    }
    line("log", log.samples(log.end - 0.7, 8, 10.0)!!)
    line("means", log.samples(log.end - 1.5, 4, 2.0)!!)
    println("early: ${log.samples(log.end - 5, 8, 10.0) == null}")

    val (x, y) = Tensor("x", 2) to Tensor("y", 1)
    val values = floatArrayOf(1f, 2f, 3f, 4f, 5f)
    line("slides", answer(values, x, y, listOf(Tensor("window", 3)), true) { given ->
        val before = given.getValue("window")
        val y = 100 * before.sum() + given.getValue("x").sum()
        mapOf("y" to floatArrayOf(y), "window" to before)
    })
    line("steps", answer(values, Tensor("x", 1), y, listOf(Tensor("sum", 1)), false) { given ->
        val sum = given.getValue("sum").sum() + given.getValue("x").sum()
        mapOf("y" to floatArrayOf(sum), "sum" to floatArrayOf(sum))
    })
    line("whole", answer(values, Tensor("x", 5), y, emptyList(), false) { given ->
        mapOf("y" to floatArrayOf(given.getValue("x").sum()))
    })

    val scores = floatArrayOf(0.2f, 0.5f, 0.3f)
    val least = floatArrayOf(0.1f, 0.6f, 0.3f)
    for (threshold in listOf(0.4f, 0.6f)) println(said(scores, Task.CLASSES, LABELS, least, threshold))
    println(said(scores, Task.SETS, LABELS, least, 0f))
    println(said(scores, Task.VALUES, LABELS, least, 0f))
    println(listed(scores, Task.CLASSES, LABELS, 2).lines())

    for ((age, job) in listOf("30" to "cook", "" to "", "99,5 €" to "?", "€7,5" to "pilot")) {
        line("row", row(mapOf("age $" to age, "job" to job)))
    }
}
