package com.example.app

import android.text.Editable
import android.text.InputType
import android.text.TextWatcher
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.EditText
import android.widget.FrameLayout
import android.widget.LinearLayout
import android.widget.ScrollView
import android.widget.Spinner
import android.widget.TextView
import androidx.activity.ComponentActivity
import java.util.concurrent.Executor
import com.example.app.model.COLUMNS
import com.example.app.model.row

/** A form with a field for each column, answered while it is filled in. */
class Source(
    private val activity: ComponentActivity,
    private val view: FrameLayout,
    private val worker: Executor,
    private val ask: (FloatArray) -> Unit,
) {
    private val cells = mutableMapOf<String, String>()

    fun start() {
        if (view.childCount > 0) return
        val fields = LinearLayout(activity).apply { orientation = LinearLayout.VERTICAL }
        for ((name, words) in COLUMNS) {
            fields.addView(TextView(activity).apply { text = name })
            fields.addView(if (words == null) number(name) else category(name, words))
        }
        view.addView(ScrollView(activity).apply { addView(fields) })
    }

    fun stop() = Unit

    private fun number(name: String) = EditText(activity).apply {
        inputType = InputType.TYPE_CLASS_NUMBER or
            InputType.TYPE_NUMBER_FLAG_DECIMAL or InputType.TYPE_NUMBER_FLAG_SIGNED
        contentDescription = name
        addTextChangedListener(object : TextWatcher {
            override fun afterTextChanged(text: Editable) = changed(name, text.toString())
            override fun beforeTextChanged(text: CharSequence, start: Int, count: Int, after: Int) = Unit
            override fun onTextChanged(text: CharSequence, start: Int, before: Int, count: Int) = Unit
        })
    }

    private fun category(name: String, words: List<String>) = Spinner(activity).apply {
        contentDescription = name
        adapter = ArrayAdapter(activity, android.R.layout.simple_spinner_dropdown_item, listOf("") + words)
        onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(parent: AdapterView<*>, item: View?, place: Int, id: Long) =
                changed(name, parent.getItemAtPosition(place).toString())

            override fun onNothingSelected(parent: AdapterView<*>) = Unit
        }
    }

    private fun changed(name: String, text: String) {
        cells[name] = text
        val values = row(cells.toMap())
        worker.execute { ask(values) }
    }

    companion object {
        val PERMISSION: String? = null
    }
}
