import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A file as it is served. */
export interface Served {
  readonly type: string
  readonly body: string | Uint8Array
}

/** Headers that make a page cross-origin isolated: SharedArrayBuffer and exact clocks. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** A server of a few files on a free port of this machine. */
export const serve = async (
  files: ReadonlyMap<string, Served>,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const server: Server = createServer((request, response) => {
    const found = files.get(new URL(request.url ?? '/', 'http://localhost').pathname)
    if (found === undefined) {
      response.writeHead(404, isolation).end()
      return
    }
    response.writeHead(200, { ...isolation, 'Content-Type': found.type }).end(found.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // border: a server that listens on a port has one
  return {
    url: `http://localhost:${port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
