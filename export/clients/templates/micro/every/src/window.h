// The newest values of a microphone or a sensor; says when an answer is due.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace app {

// Holds kSize values. An answer is due when it is full, and then after each kStep more. With a step
// of the whole size, examples follow each other, as pictures and rows do.
template <std::size_t kSize, std::size_t kStep>
class Window {
 public:
  // Takes a value. Returns whether an answer is due.
  bool push(float value) {
    values_[next_] = value;
    next_ = (next_ + 1) % kSize;
    if (waiting_ > 1) {
      --waiting_;
      return false;
    }
    waiting_ = kStep;
    return true;
  }

  // Copies the values, the oldest first.
  void copy(float* to) const {
    const auto oldest = values_.begin() + static_cast<std::ptrdiff_t>(next_);
    std::copy(values_.begin(), oldest, std::copy(oldest, values_.end(), to));
  }

 private:
  std::array<float, kSize> values_{};
  std::size_t next_ = 0, waiting_ = kSize;
};

}  // namespace app
