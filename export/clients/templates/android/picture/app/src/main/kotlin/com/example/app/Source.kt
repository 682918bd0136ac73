package com.example.app

import android.Manifest
import android.widget.FrameLayout
import androidx.activity.ComponentActivity
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import java.util.concurrent.Executor
import com.example.app.model.CHANNELS
import com.example.app.model.HEIGHT
import com.example.app.model.RESIZE
import com.example.app.model.SCALING
import com.example.app.model.WIDTH
import com.example.app.model.pixelsOf

/** The camera. Frames come upright, in ARGB_8888; those that come while the model works are left out. */
class Source(
    private val activity: ComponentActivity,
    private val view: FrameLayout,
    private val worker: Executor,
    private val ask: (FloatArray) -> Unit,
) {
    private var camera: ProcessCameraProvider? = null

    fun start() {
        val shown = PreviewView(activity)
        view.removeAllViews()
        view.addView(shown)
        val provider = ProcessCameraProvider.getInstance(activity)
        provider.addListener({
            val preview = Preview.Builder().build()
            preview.surfaceProvider = shown.surfaceProvider
            val frames = ImageAnalysis.Builder()
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .setOutputImageRotationEnabled(true)
                .build()
            frames.setAnalyzer(worker) { frame -> frame.use { ask(valuesOf(it)) } }
            camera = provider.get().apply {
                unbindAll()
                bindToLifecycle(activity, CameraSelector.DEFAULT_BACK_CAMERA, preview, frames)
            }
        }, activity.mainExecutor)
    }

    fun stop() {
        camera?.unbindAll()
    }

    private fun valuesOf(frame: ImageProxy): FloatArray {
        val bitmap = frame.toBitmap()
        val (wide, high) = bitmap.width to bitmap.height
        val argb = IntArray(wide * high)
        bitmap.getPixels(argb, 0, wide, 0, 0, wide, high)
        return pixelsOf(argb, wide, high, HEIGHT, WIDTH, CHANNELS, RESIZE, SCALING)
    }

    companion object {
        val PERMISSION: String? = Manifest.permission.CAMERA
    }
}
