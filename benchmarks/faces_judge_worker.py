"""
An independent judge of faces: dlib's detector and descriptor. Runs in a separate environment:

    pip install dlib-bin face-recognition-models "setuptools<81" pillow
    python benchmarks/faces_judge_worker.py PICTURE...

Prints one JSON object: path => null if no face is found, otherwise {"confidence": x, "descriptor": [128 numbers]}.
Descriptors of different persons are more than about 0.6 apart.
"""

from __future__ import annotations

import json
import sys

import dlib
import face_recognition_models
import numpy as np
from PIL import Image

SIDE = 256


def main() -> None:
    detector = dlib.cnn_face_detection_model_v1(face_recognition_models.cnn_face_detector_model_location())
    landmarks = dlib.shape_predictor(face_recognition_models.pose_predictor_five_point_model_location())
    describe = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
    answers: dict[str, object] = {}
    for path in sys.argv[1:]:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
        faces = detector(pixels, 1)
        if not faces:
            answers[path] = None
            continue
        best = max(faces, key=lambda face: face.confidence)
        descriptor = describe.compute_face_descriptor(pixels, landmarks(pixels, best.rect))
        answers[path] = {"confidence": best.confidence, "descriptor": list(descriptor)}
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main()
