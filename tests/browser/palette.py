"""A picture in few bytes: a PNG of at most 256 colours. Chromium decodes what it has taken; the rest is `zlib`."""

import base64
import collections
import struct
import zlib

PIXELS = """(async () => {
  const image = new Image();
  image.src = 'data:image/png;base64,PICTURE';
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const reader = new FileReader();
  reader.readAsDataURL(new Blob([canvas.getImageData(0, 0, image.width, image.height).data]));
  await new Promise(done => { reader.onload = done; });
  return {width: image.width, rgba: reader.result.split(',')[1]};
})()"""


def reduced(page, png):
    """The picture with its commonest colours, the others as the nearest of these. A page of no policy decodes it."""
    decoded = page.run(PIXELS.replace("PICTURE", base64.b64encode(png).decode()))
    width, rgba = decoded["width"], base64.b64decode(decoded["rgba"])
    pixels = [rgba[at:at + 3] for at in range(0, len(rgba), 4)]
    counted = collections.Counter(pixels)
    palette = [colour for colour, _ in counted.most_common(256)]
    nearest = {colour: number for number, colour in enumerate(palette)}
    for colour in counted:
        if colour not in nearest:
            nearest[colour] = min(range(len(palette)), key=lambda n: sum((a - b) ** 2 for a, b in zip(colour, palette[n])))
    numbers = bytes(nearest[pixel] for pixel in pixels)
    # Each row begins with its filter: none.
    rows = b"".join(b"\0" + numbers[at:at + width] for at in range(0, len(numbers), width))
    head = struct.pack(">IIBBBBB", width, len(numbers) // width, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts)
