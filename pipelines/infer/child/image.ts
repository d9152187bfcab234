import sharp from 'sharp';
import type { ImageCard } from '../card.ts';
import { ItemFailure, type ItemLimits } from './protocol.ts';

// libvips knows dozens of formats; only the ones that cards may name are opened (SECURITY T-36).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadTiffBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});
sharp.cache(false);
sharp.concurrency(1);

export const libvipsVersion = sharp.versions.vips;

/** Decodes a picture into the card's pixels: RGB bytes, row by row, width × height × 3. Throws ItemFailure. */
export async function decodeImage(bytes: Uint8Array, card: ImageCard, limits: ItemLimits): Promise<Uint8Array> {
  const { orientation, background, resize, crop } = card.preprocessing;
  const { width, height } = card.input;
  let picture = sharp(bytes, { limitInputPixels: limits.pixels, failOn: 'warning', pages: 1, sequentialRead: true });
  if (orientation === 'exif') picture = picture.autoOrient();
  const [r = 0, g = 0, b = 0] = background;
  const colour = { r, g, b };
  picture = picture.resize({ ...resize, background: colour }).flatten({ background: colour });
  if (crop !== undefined) {
    const left = (resize.width - crop.width) >> 1;
    const top = (resize.height - crop.height) >> 1;
    picture = picture.extract({ left, top, width: crop.width, height: crop.height });
  }
  const { data, info } = await picture
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      if (/pixel limit/i.test(error.message)) throw new ItemFailure('TOO_LARGE', 'the picture has too many pixels');
      throw new ItemFailure('CORRUPT', 'the picture cannot be decoded');
    });
  if (info.width !== width || info.height !== height) {
    throw new ItemFailure('CORRUPT', 'the picture has another size after preprocessing');
  }
  return info.channels === 3 ? data : toRgb(data, info.channels);
}

/** Writes a picture's bytes as channel planes of `(value − subtract) / divide` in float32 at an offset of the tensor. */
export function writePlanes(
  pixels: Uint8Array,
  tables: readonly Float32Array[],
  tensor: Float32Array,
  at: number,
): void {
  const plane = pixels.length / 3;
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  for (let i = 0, p = 0, to = at; i < plane; i++, p += 3, to++) {
    tensor[to] = red[pixels[p] as number] as number;
    tensor[to + plane] = green[pixels[p + 1] as number] as number;
    tensor[to + 2 * plane] = blue[pixels[p + 2] as number] as number;
  }
}

/** The 256 possible values of each channel, so that the hot loop only looks up. */
export function channelTables({ subtract, divide }: ImageCard['preprocessing']): Float32Array[] {
  return [0, 1, 2].map((channel) =>
    Float32Array.from({ length: 256 }, (_, value) => (value - (subtract[channel] ?? 0)) / (divide[channel] ?? 1)),
  );
}

function toRgb(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[i * 3 + channel] = data[i * channels + (channels < 3 ? 0 : channel)] as number;
    }
  }
  return rgb;
}
