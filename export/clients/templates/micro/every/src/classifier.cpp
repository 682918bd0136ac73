#include "classifier.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "model.h"
#include "operators.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace app {
namespace {

alignas(16) std::uint8_t arena[kArena];
tflite::MicroInterpreter* interpreter = nullptr;

template <typename Stored>
Stored stored(float value, const Tensor& tensor) {
  constexpr float low = std::numeric_limits<Stored>::min(), high = std::numeric_limits<Stored>::max();
  const float whole = std::nearbyint(value / tensor.scale) + static_cast<float>(tensor.zero);
  return static_cast<Stored>(std::min(std::max(whole, low), high));
}

void put(const Tensor& tensor, std::size_t i, float value) {
  TfLiteTensor* input = interpreter->input(tensor.place);
  switch (input->type) {
    case kTfLiteInt8: input->data.int8[i] = stored<std::int8_t>(value, tensor); break;
    case kTfLiteUInt8: input->data.uint8[i] = stored<std::uint8_t>(value, tensor); break;
    case kTfLiteInt16: input->data.i16[i] = stored<std::int16_t>(value, tensor); break;
    default: input->data.f[i] = value;
  }
}

float get(const Tensor& tensor, std::size_t i) {
  const TfLiteTensor* output = interpreter->output(tensor.place);
  std::int32_t stored = 0;
  switch (output->type) {
    case kTfLiteInt8: stored = output->data.int8[i]; break;
    case kTfLiteUInt8: stored = output->data.uint8[i]; break;
    case kTfLiteInt16: stored = output->data.i16[i]; break;
    default: return output->data.f[i];
  }
  return static_cast<float>(stored - tensor.zero) * tensor.scale;
}

}  // namespace

bool begin() {
  static Operators operators;
  if (!add_operators(operators)) return false;
  static tflite::MicroInterpreter own(tflite::GetModel(kModel), operators, arena, kArena);
  interpreter = &own;
  return own.AllocateTensors() == kTfLiteOk;
}

bool classify(const float* values, float* scores) {
  // What a stream remembers begins anew with each example: with zeros, or with the window's beginning.
  const std::size_t first = kSlides ? kValues - kInput.size : 0;
  for (const State& state : kState) {
    for (std::size_t i = 0; i < state.before.size; ++i) put(state.before, i, kSlides ? values[i] : 0);
  }
  for (std::size_t from = first; from < kValues; from += kInput.size) {
    for (std::size_t i = 0; i < kInput.size; ++i) put(kInput, i, values[from + i]);
    if (interpreter->Invoke() != kTfLiteOk) return false;
    for (const State& state : kState) {  // In integers, the scale may differ from call to call.
      for (std::size_t i = 0; i < state.before.size; ++i) put(state.before, i, get(state.after, i));
    }
  }
  for (std::size_t i = 0; i < kOutputs; ++i) scores[i] = get(kOutput, i);
  return true;
}

void say(const float* scores, float threshold, char* text, std::size_t size) {
  const std::size_t best = std::max_element(scores, scores + kOutputs) - scores;
  if (kTask == Task::classes) {
    std::snprintf(text, size, "%s", scores[best] < threshold ? "unknown" : kLabels[best]);
    return;
  }
  std::size_t length = 0;
  text[0] = '\0';
  for (std::size_t i = 0; i < kOutputs && length < size; ++i) {
    const char* comma = length ? ", " : "";
    if (kTask == Task::values) {
      length += std::snprintf(text + length, size - length, "%s%s %g", comma, kLabels[i], double(scores[i]));
    } else if (scores[i] >= kThresholds[i]) {
      length += std::snprintf(text + length, size - length, "%s%s", comma, kLabels[i]);
    }
  }
  if (!length) std::snprintf(text, size, "none of them");
}

}  // namespace app
