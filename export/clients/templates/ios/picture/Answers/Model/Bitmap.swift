// A picture as bytes, and upright.

/// Red, green, blue and alpha of each pixel, the rows from the top.
struct Bitmap {
    let rgba: [UInt8]
    let wide: Int
    let high: Int
}

/// Returns a picture as its EXIF orientation (1 to 8) says that it is to be seen.
func upright(_ picture: Bitmap, orientation: Int) -> Bitmap {
    guard (2...8).contains(orientation) else { return picture }
    let (right, bottom) = (picture.wide - 1, picture.high - 1)
    let wide = orientation > 4 ? picture.high : picture.wide
    let high = orientation > 4 ? picture.wide : picture.high
    var rgba: [UInt8] = []
    rgba.reserveCapacity(picture.rgba.count)
    for y in 0..<high {
        for x in 0..<wide {
            let column: Int
            let row: Int
            switch orientation {
            case 2: (column, row) = (right - x, y)
            case 3: (column, row) = (right - x, bottom - y)
            case 4: (column, row) = (x, bottom - y)
            case 5: (column, row) = (y, x)
            case 6: (column, row) = (y, bottom - x)
            case 7: (column, row) = (right - y, bottom - x)
            default: (column, row) = (right - y, x)
            }
            let pixel = 4 * (row * picture.wide + column)
            rgba.append(contentsOf: picture.rgba[pixel..<(pixel + 4)])
        }
    }
    return Bitmap(rgba: rgba, wide: wide, high: high)
}
