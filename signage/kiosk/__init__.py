"""The process on the device: camera, server, engine, health and the service manager."""
