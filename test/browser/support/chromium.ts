/** A browser found where Debian puts it, or where CHROMIUM says. */
export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Chromium without a graphics card. */
export const withoutGpu = [...quiet, '--disable-gpu']

/** WebGPU and WebGL2 by SwiftShader, a program that imitates a graphics card. */
export const onSwiftShader = [
  ...quiet,
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
  '--use-angle=swiftshader',
  '--enable-features=Vulkan',
]
