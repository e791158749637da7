/** The modes of gpu.js this engine runs in. */
export type Mode = 'webgpu' | 'webgl2' | 'webasm' | 'cpu'

/** What a user may ask for: a mode of gpu.js by its name, or `auto`. */
export type RequestedMode = Mode | 'auto'

/** Modes whose device memory is the host's. */
export type ArrayMode = 'cpu' | 'webasm'
