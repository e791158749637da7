import { describe, expect, it } from 'vitest'
import { toMail } from './mail.js'
import { sourceOf } from './source.js'

const from = (headers: Readonly<Record<string, string>>, subject = 'x') =>
  sourceOf({ headers: Object.entries(headers), subject })

describe('sourceOf', () => {
  it.each([
    ['Friends of Rohit Khare <fork.xent.com>', 'fork'],
    ["Irish Linux Users' Group discussion list <ilug.linux.ie>", 'ilug'],
    ["Irish Linux Users' Group social events <social.linux.ie>", 'ilug'],
    ['Freshrpms RPM discussion list <rpm-zzzlist.freshrpms.net>', 'rpm'],
    ['<razor-users.example.sourceforge.net>', 'razor'],
    ['Talk about SpamAssassin <spamassassin-talk.example.sourceforge.net>', 'spamassassin'],
    ['Discussion list for EXMH users <exmh-users.spamassassin.taint.org>', 'exmh'],
    ['<iiu.iiu.taint.org>', undefined],
  ] as const)('List-Id %j is %s', (id, source) => {
    expect(from({ 'list-id': id })).toBe(source)
  })

  it('lets a List-Id decide against addresses', () => {
    expect(from({ 'list-id': '<iiu.iiu.taint.org>', to: 'ilug@linux.ie' })).toBeUndefined()
  })

  it('falls back on list addresses, the surest header first', () => {
    expect(from({ cc: 'Justin <yyyy@spamassassin.taint.org>, razor-users@example.sourceforge.net' })).toBe('razor')
    expect(
      from({
        to: 'spamassassin-devel@lists.sourceforge.net',
        'mailing-list': 'list zzzzteana@yahoogroups.com; contact x@y',
      }),
    ).toBe('zzzzteana')
    expect(from({ from: 'boingboing <rssfeeds@spamassassin.taint.org>' })).toBe('feeds')
    expect(from({ from: 'guido@python.org' }, 'Re: [Spambayes] test sets?')).toBe('spambayes')
    expect(from({ to: 'notilug@linux.ie.example.org' })).toBeUndefined()
  })
})

describe('toMail', () => {
  const parsed = { headers: [['list-id', '<ilug.linux.ie>'] as const], subject: '[ILUG] Hello', body: 'there' }
  it('labels by source, spam by its folder, and names the group', () => {
    expect(toMail('easy-ham-2/00001.ab.txt', parsed)).toEqual({
      id: 'easy-ham-2/00001',
      text: 'Hello\nthere',
      label: 'ilug',
      group: 'ham',
      file: 'easy-ham-2/00001.ab.txt',
    })
    expect(toMail('spam-1/00001.ab.txt', parsed)).toMatchObject({ label: 'spam', group: 'spam' })
    expect(toMail('hard-ham-1/00001.ab.txt', parsed)).toMatchObject({ label: 'ilug', group: 'hard-ham' })
    expect(toMail('hard-ham-1/00001.ab.txt', { ...parsed, headers: [] })).toMatchObject({ label: 'other' })
  })
})
