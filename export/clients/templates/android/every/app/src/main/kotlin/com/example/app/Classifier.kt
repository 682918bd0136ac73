package com.example.app

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.example.app.model.FILE
import com.example.app.model.INPUT
import com.example.app.model.OUTPUT
import com.example.app.model.SLIDES
import com.example.app.model.STATES
import com.example.app.model.answer

/** Runs the exported file with LiteRT: on the GPU if that takes it, otherwise on the processor. */
class Classifier(assets: AssetManager) : AutoCloseable {
    /** Where it runs, for a person. */
    val where: String

    private val model: CompiledModel
    private val inputs by lazy { (STATES + INPUT).associate { it.name to model.createInputBuffer(it.name) } }
    private val outputs by lazy { (STATES + OUTPUT).associate { it.name to model.createOutputBuffer(it.name) } }

    init {
        val onGpu = try {
            CompiledModel.create(assets, FILE, CompiledModel.Options(Accelerator.GPU))
        } catch (error: LiteRtException) {
            null
        }
        where = if (onGpu == null) "the processor" else "the GPU"
        model = onGpu ?: CompiledModel.create(assets, FILE, CompiledModel.Options(Accelerator.CPU))
    }

    /** Returns the scores of one example. Slow: call it off the main thread, and from one thread. */
    fun scores(values: FloatArray): FloatArray =
        answer(values, INPUT, OUTPUT, STATES, SLIDES) { given ->
            given.forEach { (name, numbers) -> inputs.getValue(name).writeFloat(numbers) }
            model.run(inputs, outputs)
            outputs.mapValues { (_, buffer) -> buffer.readFloat() }
        }

    override fun close() {
        (inputs.values + outputs.values).forEach { it.close() }
        model.close()
    }
}
