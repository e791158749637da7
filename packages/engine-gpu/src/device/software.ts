/** Whether an adapter is a program on the processor, by what it calls itself. */
export const isSoftware = (...names: readonly string[]): boolean =>
  names.some((name) => /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|software/i.test(name))
