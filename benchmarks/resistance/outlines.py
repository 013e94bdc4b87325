"""Outline attack prototype."""
import random, sys, time, os
from io import BytesIO
from itertools import permutations
import numpy
import scipy.fft
from scipy import ndimage
from scipy.spatial import cKDTree
from PIL import Image
from .shapes import POINTS, Array, Outline, drawn_texts

COARSE = 2

def edges_of(grey, sigma):
    sx = ndimage.gaussian_filter(grey, sigma, order=(0, 1)); sy = ndimage.gaussian_filter(grey, sigma, order=(1, 0))
    s = (sigma * sigma + 0.35) ** .5 * (2 * numpy.pi) ** .5
    return sx * s, sy * s

def plane_of(data):
    g = numpy.asarray(Image.open(BytesIO(data)).convert("L"), dtype=numpy.float32)
    dark, light = numpy.percentile(g, (10, 90))
    return numpy.clip((g - dark) / (light - dark), -.2, 1.2)

class Bank:
    def __init__(self, texts, size, per_char, rng):
        w, h = size
        self.size = size
        self.shape = (-(-h // COARSE), -(-w // COARSE))
        by = {}
        for t in texts:
            for g in t: by.setdefault(g.character, []).append(g)
        self.chars = "".join(sorted(by))
        self.outlines = []; self.owner = []
        for i, c in enumerate(self.chars):
            gs = by[c]; rng.shuffle(gs)
            for g in gs[:per_char]:
                self.outlines.append(g); self.owner.append(i)
        self.owner = numpy.array(self.owner)
        self.points = numpy.stack([g.points for g in self.outlines])
        self.normals = numpy.stack([g.normals for g in self.outlines])
        self.lengths = numpy.array([g.length for g in self.outlines], numpy.float32)
        self.spectra = self._spectra()
        half = numpy.abs(self.points).max(1)  # B,2
        ys, xs = numpy.mgrid[:self.shape[0], :self.shape[1]] * COARSE
        self.half = half
        layouts = numpy.array([[g.centre for g in t] for t in texts])  # n,5,2
        self.layouts = layouts
        self.tree = cKDTree(layouts.reshape(len(layouts), -1))

    def _spectra(self):
        B = len(self.points); H, W = self.shape
        out = numpy.empty((B, 3, H, W // 2 + 1), numpy.complex64)
        for s in range(0, B, 200):
            p = self.points[s:s + 200] / COARSE; n = self.normals[s:s + 200]; b = len(p)
            z = numpy.zeros((b, 3, H, W), numpy.float32)
            x0 = numpy.floor(p[..., 0]).astype(int); y0 = numpy.floor(p[..., 1]).astype(int)
            fx = p[..., 0] - x0; fy = p[..., 1] - y0
            c2 = n[..., 0] ** 2 - n[..., 1] ** 2; s2 = 2 * n[..., 0] * n[..., 1]
            wt = (self.lengths[s:s + 200] / POINTS)[:, None]
            bi = numpy.arange(b)[:, None]
            for dx, wx in ((0, 1 - fx), (1, fx)):
                for dy, wy in ((0, 1 - fy), (1, fy)):
                    for k, v in enumerate((A0 * numpy.ones_like(c2), A1 * c2, A1 * s2)):
                        numpy.add.at(z, (bi, k, (y0 + dy) % H, (x0 + dx) % W), v * wx * wy * wt)
            out[s:s + 200] = scipy.fft.rfft2(z)
        return out.conj()

A0, A1 = .35, .65
TAU = .55

def coarse(bank, plane, top=30):
    H, W = bank.shape
    gx, gy = edges_of(plane, 1.2)
    m = numpy.hypot(gx, gy) + 1e-6
    mc = numpy.minimum(m, 1)
    maps = numpy.stack([mc, mc * (gx * gx - gy * gy) / m ** 2, mc * 2 * gx * gy / m ** 2])
    small = numpy.stack([ndimage.uniform_filter(a, COARSE)[::COARSE, ::COARSE] for a in maps])
    # uniform_filter(2)[0] averages -1,0 ; shift half pixel: ignored
    small = numpy.pad(small, ((0, 0), (0, H - small.shape[1]), (0, W - small.shape[2])))
    F = scipy.fft.rfft2(small.astype(numpy.float32))
    found = []
    ys, xs = numpy.mgrid[:H, :W] * COARSE
    w, h = bank.size
    for c in range(len(bank.chars)):
        idx = numpy.nonzero(bank.owner == c)[0]
        best = None
        for s in range(0, len(idx), 256):
            part = idx[s:s + 256]
            prod = numpy.einsum("bkyx,kyx->byx", bank.spectra[part], F)
            sc = scipy.fft.irfft2(prod, s=(H, W))
            sc -= TAU * bank.lengths[part][:, None, None]
            hx = bank.half[part, 0][:, None]; hy = bank.half[part, 1][:, None]
            okx = (xs[0] >= hx - 1) & (xs[0] <= w - hx)
            oky = (ys[:, 0] >= hy - 1) & (ys[:, 0] <= h - hy)
            sc[~(oky[:, :, None] & okx[:, None, :])] = -1e3
            a = sc.argmax(0); v = numpy.take_along_axis(sc, a[None], 0)[0]
            if best is None: best, arg = v, part[a]
            else:
                arg = numpy.where(v > best, part[a], arg); best = numpy.maximum(best, v)
        peak = (best == ndimage.maximum_filter(best, 5)) & (best > -900)
        py, px = numpy.nonzero(peak)
        o = numpy.argsort(-best[py, px])[:top]
        for y, x in zip(py[o], px[o]):
            found.append((c, arg[y, x], x * COARSE, y * COARSE, best[y, x]))
    return found

def bilinear(maps, x, y):
    H, W = maps[0].shape
    x = numpy.clip(x, 0, W - 1.001); y = numpy.clip(y, 0, H - 1.001)
    x0 = x.astype(numpy.int32); y0 = y.astype(numpy.int32); fx = x - x0; fy = y - y0
    i = y0 * W + x0
    w00 = (1 - fx) * (1 - fy); w01 = fx * (1 - fy); w10 = (1 - fx) * fy; w11 = fx * fy
    return [a.ravel()[i] * w00 + a.ravel()[i + 1] * w01 + a.ravel()[i + W] * w10 + a.ravel()[i + W + 1] * w11 for a in maps]

def basis_of(points, degree):
    s = numpy.abs(points).max((1, 2), keepdims=True)
    u, v = points[..., 0] / s[..., 0], points[..., 1] / s[..., 0]
    cols = [numpy.ones_like(u), u, v]
    if degree > 1: cols += [u * v, u * u, v * v]
    if degree > 2: cols += [u * u * v, u * v * v]
    return numpy.stack(cols, -1)

def refine(g, points, normals, lengths, at, rounds=8, degree=2, reach=3.0, ridge=(.5, 4.0)):
    """points K,N,2 relative; at K,2. Returns fitted points (absolute), normals, score."""
    K, N, _ = points.shape
    B = basis_of(points, degree); nb = B.shape[-1]
    pos = points + at[:, None]
    nrm = normals
    total = numpy.zeros((K, 2 * nb), numpy.float32)
    lam = numpy.full(2 * nb, ridge[0], numpy.float32)
    lam[[0, nb]] = 0.02
    if nb > 3: lam[3:nb] = ridge[1]; lam[nb + 3:] = ridge[1]
    base = pos
    for r in range(rounds):
        R = reach * (1 - r / rounds) + 0.6
        d = numpy.linspace(-R, R, 7, dtype=numpy.float32)
        px = pos[..., 0][..., None] + nrm[..., 0][..., None] * d
        py = pos[..., 1][..., None] + nrm[..., 1][..., None] * d
        ex, ey = bilinear(g, px, py)
        e = numpy.minimum(numpy.abs(ex * nrm[..., 0][..., None] + ey * nrm[..., 1][..., None]), 1)
        s = e - 0.25 * (d / (R + .5)) ** 2
        # soft displacement
        wts = numpy.exp(8 * (s - s.max(-1, keepdims=True)))
        disp = (wts * d).sum(-1) / wts.sum(-1)
        conf = numpy.clip(e.max(-1) - .25, 0, 1)
        J = numpy.concatenate([B * nrm[..., :1], B * nrm[..., 1:]], -1)  # K,N,2nb
        JW = J * conf[..., None]
        A = numpy.einsum("kni,knj->kij", JW, J, optimize=True) / N
        rhs = numpy.einsum("kni,kn->ki", JW, disp, optimize=True) / N
        A = A + numpy.diag(lam * 0.05)
        rhs = rhs - lam * 0.05 * total
        q = numpy.linalg.solve(A, rhs[..., None])[..., 0]
        total = total + q
        off = numpy.stack([numpy.einsum("kni,ki->kn", B, total[:, :nb]), numpy.einsum("kni,ki->kn", B, total[:, nb:])], -1)
        pos = base + off
        # normals: transform by affine part inverse transpose (approx): n' ∝ (I+D)^-T n
        S = numpy.abs(points).max((1, 2))
        D = numpy.stack([total[:, 1:3], total[:, nb + 1:nb + 3]], 1) / S[:, None, None]
        M = numpy.linalg.inv(numpy.eye(2) + D).astype(numpy.float32)
        nrm = numpy.einsum("kji,knj->kni", M, normals)
        nrm /= numpy.linalg.norm(nrm, axis=-1, keepdims=True) + 1e-6
    ex, ey = bilinear(g, pos[..., 0], pos[..., 1])
    e = numpy.minimum(numpy.abs(ex * nrm[..., 0] + ey * nrm[..., 1]), 1)
    strain = (lam * total ** 2).sum(1)
    score = (e - TAU).mean(1) * lengths
    return pos, nrm, e, score, strain

def masks_of(pos, size):
    """Rasterise convex-ish hull area at quarter resolution: by angular fill of the outline -> use points' box fill by scan lines."""
    w, h = size
    q = 3
    K = len(pos)
    m = numpy.zeros((K, h // q + 2, w // q + 2), bool)
    k = numpy.arange(K)[:, None]
    c = pos.mean(1, keepdims=True)
    for t in numpy.linspace(0, 1, 12):
        p = c + (pos - c) * t
        x = numpy.clip(p[..., 0] / q, 0, m.shape[2] - 1).astype(int); y = numpy.clip(p[..., 1] / q, 0, m.shape[1] - 1).astype(int)
        m[k, y, x] = True
    return m.reshape(K, -1)

def chains(score, char, masks, centres, length, keep=60, beam=400):
    o = numpy.argsort(-score)
    # drop near-duplicates of the same character
    chosen = []
    M = masks.astype(numpy.float32); area = M.sum(1)
    inter = M @ M.T
    over = inter / numpy.minimum(area[:, None], area[None])
    for i in o:
        if score[i] <= 0 and len(chosen) >= 12: break
        if any(char[j] == char[i] and over[i, j] > .6 for j in chosen): continue
        chosen.append(i)
        if len(chosen) >= keep: break
    ch = numpy.array(chosen); ov = over[numpy.ix_(ch, ch)]; sc = score[ch]
    pen = 60 * numpy.maximum(ov - .12, 0)
    bad = ov > .45
    beams = [(0.0, ())]
    for depth in range(length):
        nxt = {}
        for val, st in beams:
            for i in range(len(ch)):
                if i in st: continue
                if any(bad[i, j] for j in st): continue
                v = val + sc[i] - sum(pen[i, j] for j in st)
                key = tuple(sorted(st + (i,)))
                if v > nxt.get(key, -1e9): nxt[key] = v
        beams = sorted(((v, k) for k, v in nxt.items()), reverse=True)[:beam]
    return [(v, [int(ch[i]) for i in k]) for v, k in beams]

def boxc(pos): return (pos.min(1) + pos.max(1)) / 2

def read(bank, data, length=5, top=30, layout_weight=1.0, debug=False):
    plane = plane_of(data)
    found = coarse(bank, plane, top)
    t = numpy.array([f[1] for f in found]); at = numpy.array([[f[2], f[3]] for f in found], numpy.float32) 
    char = numpy.array([f[0] for f in found])
    g = edges_of(plane, .8)
    g = [a.astype(numpy.float32) for a in g]
    pos, nrm, e, score, strain = refine(g, bank.points[t], bank.normals[t], bank.lengths[t], at)
    score = score - 1.0 * strain
    masks = masks_of(pos, bank.size)
    cs = chains(score, char, masks, None, length)
    if not cs: return "", 0.0
    centres = boxc(pos)
    perms = list(permutations(range(length)))
    best = []
    for v, k in cs[:60]:
        c = centres[k]
        q = numpy.array([c[list(p)].ravel() for p in perms])
        dist, _ = bank.tree.query(q, k=1, workers=1)
        i = dist.argmin()
        text = "".join(bank.chars[char[k[j]]] for j in perms[i])
        best.append((v - layout_weight * dist[i] ** 2 / 60, text))
    best.sort(reverse=True)
    other = next((b[0] for b in best if b[1] != best[0][1]), best[0][0] - 50)
    if debug: return best, found, pos, score, char
    return best[0][1], best[0][0] - other
