import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BadOption, badOption, E, type TE } from '@cotangent/prelude'

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  safetensors: 'application/octet-stream',
} as const

/** A file as it is served: its kind and its bytes. */
export interface Served {
  readonly type: keyof typeof types
  readonly body: string | Uint8Array
}

/** Files by their path in the URL, as '/page.js'. There is nothing else to be had. */
export type Files = ReadonlyMap<string, Served>

/** A server on this machine. */
export interface Server {
  readonly url: string
  /** From now on these are served; until then there is an answer that says to wait. */
  readonly offer: (files: Files) => void
  readonly close: () => Promise<void>
}

const headers = {
  // cross-origin isolated: SharedArrayBuffer and exact clocks
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // kernels are functions made of text; gpu.js's WebAssembly is made while the page runs
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'unsafe-eval'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

const answer =
  (files: () => Files | null): RequestListener =>
  ({ method, url = '/' }, response) => {
    const say = (status: number, text: string): void => {
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
    }
    const all = files()
    if (method !== 'GET' && method !== 'HEAD') return say(405, 'only GET and HEAD')
    if (all === null) return say(503, 'the lab is being prepared: load this page again in half a minute')
    const file = all.get(url.split('?')[0] ?? url)
    if (file === undefined) return say(404, 'there is no such file')
    const body = Buffer.from(file.body)
    response.writeHead(200, { ...headers, 'Content-Type': types[file.type], 'Content-Length': body.length })
    response.end(method === 'HEAD' ? undefined : body)
  }

const refused = (port: number, { code, message }: NodeJS.ErrnoException): BadOption =>
  badOption('--port', {
    must: '--port must be one that this program may listen on.',
    received: `${port}: ${code === 'EADDRINUSE' ? 'another program listens there' : message}`,
    todo: 'give another one, or 0 for any that is free',
  })

/**
 * Opens a server for this machine alone.
 *
 * @param port 0 for any that is free @returns Left where the port cannot be had
 */
export const openServer =
  (port: number): TE.TaskEither<BadOption, Server> =>
  () =>
    new Promise((resolve) => {
      let files: Files | null = null
      const server = createServer(answer(() => files))
      server.once('error', (error: NodeJS.ErrnoException) => resolve(E.left(refused(port, error))))
      server.listen(port, '127.0.0.1', () => {
        const address = server.address() as AddressInfo // border: a server that listens on a port has one
        resolve(
          E.right({
            url: `http://localhost:${address.port}/`,
            offer: (some) => {
              files = some
            },
            close: () =>
              new Promise((closed) => {
                server.close(() => closed())
                server.closeAllConnections()
              }),
          }),
        )
      })
    })
