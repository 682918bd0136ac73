// Answers about numbers from the standard input. On a board, its camera, microphone or sensor takes
// that place.
#include <cstdio>

#include "classifier.h"
#include "window.h"

int main() {
  if (!app::begin()) {
    std::fputs("the model does not start\n", stderr);
    return 1;
  }
  static app::Window<app::kValues, app::kStep> window;
  static float values[app::kValues];
  float scores[app::kOutputs];
  char text[256];
  for (float value; std::scanf("%f", &value) == 1;) {
    if (!window.push(value)) continue;
    window.copy(values);
    if (!app::classify(values, scores)) return 1;
    app::say(scores, app::kThreshold, text, sizeof text);
    std::printf("%s:", text);
    for (float score : scores) std::printf(" %.6g", static_cast<double>(score));
    std::printf("\n");
  }
}
