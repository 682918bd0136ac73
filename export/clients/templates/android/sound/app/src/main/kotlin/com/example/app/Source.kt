package com.example.app

import android.Manifest
import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import android.widget.FrameLayout
import androidx.activity.ComponentActivity
import java.util.concurrent.Executor
import kotlin.concurrent.thread
import kotlin.math.max
import com.example.app.model.RATE
import com.example.app.model.Ring
import com.example.app.model.STEP
import com.example.app.model.WINDOW

/** The microphone, at the rate of the training: Android resamples what the hardware gives. */
class Source(
    private val activity: ComponentActivity,
    private val view: FrameLayout,
    private val worker: Executor,
    private val ask: (FloatArray) -> Unit,
) {
    private var listener: Thread? = null

    @SuppressLint("MissingPermission") // MainActivity asks for it first.
    fun start() {
        if (listener != null) return
        val (channel, format) = AudioFormat.CHANNEL_IN_MONO to AudioFormat.ENCODING_PCM_FLOAT
        val size = max(AudioRecord.getMinBufferSize(RATE, channel, format), 4 * STEP)
        // Unprocessed, as far as the device can: no noise suppression, no gain control.
        val microphone = AudioRecord(MediaRecorder.AudioSource.VOICE_RECOGNITION, RATE, channel, format, size)
        listener = thread {
            val ring = Ring(WINDOW)
            val samples = FloatArray(STEP)
            microphone.startRecording()
            while (!Thread.currentThread().isInterrupted) {
                val count = microphone.read(samples, 0, samples.size, AudioRecord.READ_BLOCKING)
                if (count <= 0) break
                ring.push(samples, count)
                if (ring.isFull) ring.copy().let { window -> worker.execute { ask(window) } }
            }
            microphone.release()
        }
    }

    fun stop() {
        listener?.interrupt()
        listener = null
    }

    companion object {
        val PERMISSION: String? = Manifest.permission.RECORD_AUDIO
    }
}
