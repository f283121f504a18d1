"""The contract for systems [api]: one router per resource."""
