package com.example.app

import android.content.pm.PackageManager
import android.os.Bundle
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts.RequestPermission
import java.util.concurrent.Executors
import com.example.app.model.LABELS
import com.example.app.model.TASK
import com.example.app.model.THRESHOLD
import com.example.app.model.THRESHOLDS
import com.example.app.model.listed
import com.example.app.model.said

/** Shows what the model says about what [Source] gives. */
class MainActivity : ComponentActivity() {
    // The model is made, asked and closed on this thread.
    private val worker = Executors.newSingleThreadExecutor()
    private var classifier: Classifier? = null
    private lateinit var source: Source
    private val asked = registerForActivityResult(RequestPermission()) { granted ->
        if (granted) source.start() else text(R.id.answer, getString(R.string.refused))
    }

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        source = Source(this, findViewById(R.id.input), worker, ::answer)
        worker.execute {
            val ready = Classifier(assets).also { classifier = it }
            runOnUiThread { text(R.id.answer, getString(R.string.waiting, ready.where)) }
        }
    }

    override fun onStart() {
        super.onStart()
        val wanted = Source.PERMISSION
        if (wanted == null || checkSelfPermission(wanted) == PackageManager.PERMISSION_GRANTED) source.start()
        else asked.launch(wanted)
    }

    override fun onStop() {
        source.stop()
        super.onStop()
    }

    override fun onDestroy() {
        worker.execute { classifier?.close() }
        worker.shutdown()
        super.onDestroy()
    }

    /** Asks the model and shows the answer. Called on [worker]. */
    private fun answer(values: FloatArray) {
        val model = classifier ?: return
        val started = System.nanoTime()
        val scores = model.scores(values)
        val milliseconds = (System.nanoTime() - started) / 1e6
        runOnUiThread {
            text(R.id.answer, said(scores, TASK, LABELS, THRESHOLDS, THRESHOLD))
            text(R.id.scores, listed(scores, TASK, LABELS))
            text(R.id.latency, getString(R.string.latency, milliseconds, model.where))
        }
    }

    private fun text(id: Int, text: String) {
        findViewById<TextView>(id).text = text
    }
}
