"""The backend of Google Cloud. Comments name files below internal/backend/remote-state in Terraform's source code."""

from __future__ import annotations

from terrace.clouds.state_location import Backend, Part, object_path, url

# gcs/backend.go: the endpoint can also come from GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT. gcs/backend_state.go,
# stateFile: PREFIX/WORKSPACE.tfstate
GCS = Backend((Part("bucket"), Part("prefix", "", object_path)), (Part("storage_custom_endpoint", normal=url),))
