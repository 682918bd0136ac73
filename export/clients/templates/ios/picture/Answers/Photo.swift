import CoreGraphics
import Foundation
import ImageIO

/// Returns the pixels of a JPEG, HEIC or PNG file: upright, transparency on white, without a change of colours.
func decoded(_ file: Data) throws -> Bitmap {
    guard let source = CGImageSourceCreateWithData(file as CFData, nil),
        let image = CGImageSourceCreateImageAtIndex(source, 0, nil)
    else { throw CocoaError(.fileReadCorruptFile) }
    let facts = CGImageSourceCopyPropertiesAtIndex(source, 0, nil) as? [CFString: Any]
    let orientation = facts?[kCGImagePropertyOrientation] as? Int ?? 1
    return upright(try drawn(image), orientation: orientation)
}

private func drawn(_ image: CGImage) throws -> Bitmap {
    let (wide, high) = (image.width, image.height)
    var rgba = [UInt8](repeating: 255, count: 4 * wide * high)
    // In the colours of the picture itself, the numbers of the file stay as they are.
    let own = image.colorSpace.flatMap { $0.model == .rgb ? $0 : nil }
    let isDrawn = rgba.withUnsafeMutableBytes { bytes -> Bool in
        for colours in [own, CGColorSpaceCreateDeviceRGB()].compactMap({ $0 }) {
            let context = CGContext(
                data: bytes.baseAddress, width: wide, height: high, bitsPerComponent: 8,
                bytesPerRow: 4 * wide, space: colours,
                bitmapInfo: CGImageAlphaInfo.premultipliedLast.rawValue)
            guard let context else { continue }
            context.draw(image, in: CGRect(x: 0, y: 0, width: wide, height: high))
            return true
        }
        return false
    }
    guard isDrawn else { throw CocoaError(.fileReadCorruptFile) }
    return Bitmap(rgba: rgba, wide: wide, high: high)
}
