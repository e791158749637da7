/** All of them. */
export const modes = ['webgpu', 'webgl2', 'webasm', 'cpu'] as const

/** The modes of gpu.js this engine runs in. */
export type Mode = (typeof modes)[number]

/** What a user may ask for: a mode of gpu.js by its name, or `auto`. */
export type RequestedMode = Mode | 'auto'

/** Modes whose device memory is the host's. */
export type ArrayMode = 'cpu' | 'webasm'
