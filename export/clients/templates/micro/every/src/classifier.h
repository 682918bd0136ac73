// Runs the model: values in the units of the training in, scores out.
#pragma once

#include "facts.h"

namespace app {

// Makes everything ready, once. Returns false if the arena is too small for this core, or if
// TensorFlow Lite Micro lacks an operator; it logs which.
bool begin();

// Answers one example of kValues numbers with kOutputs scores. Returns false if the model stops.
bool classify(const float* values, float* scores);

// Writes the answer to scores as text: labels, values, or "unknown".
void say(const float* scores, float threshold, char* text, std::size_t size);

}  // namespace app
