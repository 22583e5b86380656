"""Models of other formats made into ONNX, while they are pulled and at no other time.

The same files give the same bytes: operator set, IR version, names and order are fixed,
since the manifest holds the SHA-256 of the result.
"""
