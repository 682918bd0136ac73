// The exported file, which lies in flash.
#pragma once

namespace app {

extern const unsigned char kModel[];

}  // namespace app
