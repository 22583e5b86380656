// Wooden balls fall into the picture, knock against each other and come to rest.
const COLOURS = ["#e5322d", "#1d4fd8", "#0b8f5a", "#ff7bac", "#ffffff", "#17205c"];
const GRAVITY = 2.6; // screen heights per second squared
const BOUNCE = 0.55;
const STEP_S = 1 / 120;
const COUNT = 26;

const canvas = document.getElementById("box");
const context = canvas.getContext("2d");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

let width = 0;
let height = 0;
let balls = [];

// A fixed sequence: the same picture at every showing.
let seed = 7;
function random() {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647;
}

function fill() {
  const scale = Math.min(devicePixelRatio, 1.5);
  width = canvas.width = Math.max(1, Math.round(innerWidth * scale));
  height = canvas.height = Math.max(1, Math.round(innerHeight * scale));
  seed = 7;
  const unit = Math.sqrt(width * height);
  balls = Array.from({ length: COUNT }, (_, n) => {
    const r = unit * (0.032 + 0.058 * random());
    return {
      r,
      x: r + random() * (width - 2 * r),
      y: -r - random() * height * 1.1,
      vx: (random() - 0.5) * unit * 0.5,
      vy: 0,
      turn: random() * 6.28,
      colour: COLOURS[n % COLOURS.length],
    };
  });
  if (still) for (let n = 0; n < 900; n += 1) step();
}

function step() {
  for (const ball of balls) {
    ball.vy += GRAVITY * height * STEP_S;
    ball.x += ball.vx * STEP_S;
    ball.y += ball.vy * STEP_S;
    ball.turn += (ball.vx / ball.r) * STEP_S;
    if (ball.x < ball.r || ball.x > width - ball.r) {
      ball.x = Math.min(Math.max(ball.x, ball.r), width - ball.r);
      ball.vx *= -BOUNCE;
    }
    if (ball.y > height - ball.r) {
      ball.y = height - ball.r;
      ball.vy *= -BOUNCE;
      ball.vx *= 0.985;
    }
  }
  // Twice: parting one pair pushes into the next.
  for (let round = 0; round < 2; round += 1) {
    for (let a = 0; a < balls.length; a += 1) {
      for (let b = a + 1; b < balls.length; b += 1) knock(balls[a], balls[b]);
    }
  }
}

function knock(a, b) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const apart = Math.hypot(dx, dy) || 1;
  const overlap = a.r + b.r - apart;
  if (overlap <= 0) return;
  const nx = dx / apart;
  const ny = dy / apart;
  // The heavier ball yields less.
  const share = b.r ** 2 / (a.r ** 2 + b.r ** 2);
  a.x -= nx * overlap * share;
  a.y -= ny * overlap * share;
  b.x += nx * overlap * (1 - share);
  b.y += ny * overlap * (1 - share);
  const speed = (b.vx - a.vx) * nx + (b.vy - a.vy) * ny;
  if (speed >= 0) return;
  const push = -(1 + BOUNCE) * speed;
  a.vx -= push * share * nx;
  a.vy -= push * share * ny;
  b.vx += push * (1 - share) * nx;
  b.vy += push * (1 - share) * ny;
}

function draw() {
  context.clearRect(0, 0, width, height);
  for (const { x, y, r, turn, colour } of balls) {
    context.save();
    context.translate(x, y);
    context.rotate(turn);
    context.fillStyle = colour;
    context.beginPath();
    context.arc(0, 0, r, 0, 7);
    context.fill();
    context.clip();
    // A painted band, so that one sees it roll.
    context.fillStyle = colour === "#ffffff" ? "#e5322d" : "#ffffff";
    context.globalAlpha = 0.92;
    context.fillRect(-r, -r * 0.17, 2 * r, r * 0.34);
    context.restore();
  }
}

let before = 0;
let owed = 0;
function frame(now) {
  owed += Math.min(0.05, (now - (before || now)) / 1000);
  before = now;
  for (; owed >= STEP_S; owed -= STEP_S) step();
  draw();
  requestAnimationFrame(frame);
}

addEventListener("resize", () => {
  fill();
  draw();
});
fill();
draw();
if (!still) requestAnimationFrame(frame);
