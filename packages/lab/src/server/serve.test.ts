import { connect } from 'node:net'
import { E } from '@cotangent/prelude'
import { afterEach, describe, expect, test } from 'vitest'
import { runCommandLine } from './commandLine.js'
import { type Files, openServer, type Server } from './serve.js'

const files: Files = new Map([
  ['/', { type: 'html', body: '<title>ä</title>' }],
  ['/data', { type: 'safetensors', body: new Uint8Array([1, 2, 3]) }],
])

let server: Server | null = null

const opened = async (port = 0): Promise<Server> => {
  const made = await openServer(port)()
  if (E.isLeft(made)) throw new Error(made.left.message)
  server = made.right
  return made.right
}

afterEach(async () => {
  await server?.close()
  server = null
})

/** The first line of the answer to a request as it stands: `fetch` would tidy its path. */
const ask = (url: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    socket.on('end', () => resolve(text.split('\r\n')[0] ?? ''))
    socket.on('error', reject)
    socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  })

describe('the server of the lab', () => {
  test('serves what it lists, isolated from other origins, and until then says to wait', async () => {
    const { url, offer } = await opened()
    const early = await fetch(url)
    expect(early.status).toBe(503)
    expect(await early.text()).toContain('being prepared')
    offer(files)
    const page = await fetch(`${url}?again`)
    expect(page.status).toBe(200)
    expect(await page.text()).toBe('<title>ä</title>')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    for (const [name, value] of [
      ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-embedder-policy', 'require-corp'],
    ] as const) {
      expect(page.headers.get(name)).toBe(value)
      expect(early.headers.get(name)).toBe(value)
    }
    const data = await fetch(`${url}data`)
    expect([...new Uint8Array(await data.arrayBuffer())]).toEqual([1, 2, 3])
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '17'])
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405)
  })

  test.each([
    '/../../../../etc/passwd',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '//etc/passwd',
    '/data/',
    '/data/../',
    '/data%00',
    '/package.json',
    'http://example.org/data',
    '*',
  ])('has no file at %s', async (path) => {
    const { url, offer } = await opened()
    offer(files)
    expect(await ask(url, path)).toBe('HTTP/1.1 404 Not Found')
  })

  test('a port that is taken is an error with something to do', async () => {
    const { url } = await opened()
    const port = Number(new URL(url).port)
    const second = await openServer(port)()
    expect(E.isLeft(second) && second.left.message).toBe(
      `--port must be one that this program may listen on.\n  received  ${port}: another program listens there\n` +
        '  to do     give another one, or 0 for any that is free',
    )
  })
})

describe('the command', () => {
  /** What a command line writes to stderr, and the exit code. */
  const said = async (...args: readonly string[]): Promise<readonly [string, unknown]> => {
    const write = process.stderr.write
    const before = process.exitCode
    let text = ''
    process.stderr.write = (part: unknown): boolean => {
      text += String(part)
      return true
    }
    try {
      await runCommandLine(args)
      return [text, process.exitCode]
    } finally {
      process.stderr.write = write
      process.exitCode = before
    }
  }

  test.each(['x', '-1', '65536', '80.5', ''])('refuses the port "%s"', async (port) => {
    const [text, code] = await said(`--port=${port}`)
    expect(text).toContain(`--port must be a whole number from 0 to 65535.\n  received  "${port}"\n`)
    expect(text).toContain('to do')
    expect(code).toBe(2)
  })

  test('says which option it does not know, and which port is taken, before it prepares anything', async () => {
    expect(await said('--prt', '1')).toEqual([expect.stringContaining('--port'), 2])
    const { url } = await opened()
    const [text, code] = await said('--port', new URL(url).port, '--cache', '/nowhere')
    expect(text).toContain('another program listens there')
    expect(code).toBe(2)
  })
})
