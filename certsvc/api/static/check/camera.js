// The camera: open it, look for a QR until there is one, close it. Nothing of its picture is kept or sent.

import { getReader } from "./qr_reading.js";

const LOOK_EVERY_MS = 150;
const WISHES = { audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } };

/** Why there is no scan, as the page's words name it. */
export class CameraFault extends Error {
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

/**
 * The text of the first QR that the camera shows in `video`; null once `signal` says to stop.
 * Throws CameraFault `no_camera`, `camera_refused`, `camera_busy` or `no_reader`.
 */
export async function scan(video, signal) {
  const read = await getReader().catch((cause) => {
    throw new CameraFault("no_reader", cause);
  });
  const stream = await openStream();
  try {
    video.srcObject = stream;
    await video.play();
    return await lookUntilFound(() => read(video), signal);
  } finally {
    video.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  }
}

async function openStream() {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraFault("no_camera");
  try {
    return await navigator.mediaDevices.getUserMedia(WISHES);
  } catch (cause) {
    const code = { NotAllowedError: "camera_refused", SecurityError: "camera_refused", NotFoundError: "no_camera" }[cause.name] ?? "camera_busy";
    throw new CameraFault(code, cause);
  }
}

async function lookUntilFound(read, signal) {
  while (!signal.aborted) {
    const text = await read();
    if (text) return signal.aborted ? null : text;
    await new Promise((resume) => setTimeout(resume, LOOK_EVERY_MS));
  }
  return null;
}
