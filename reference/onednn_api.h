/* What differs between oneDNN's versions 2 and 3, in one place: both say here what version 3 says.
 * Included by onednn_*.c, and preprocessed by the Makefile, which takes the oneDNN that passes.
 */
#ifndef LOCKSTEP_REFERENCE_ONEDNN_API_H
#define LOCKSTEP_REFERENCE_ONEDNN_API_H

#include <dnnl.h>
#include <dnnl_debug.h>

#if DNNL_VERSION_MAJOR != 3 && (DNNL_VERSION_MAJOR != 2 || DNNL_VERSION_MINOR < 6)
#    error "this oneDNN is neither 2.6 or a later 2, nor a 3"
#endif
#if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP
#    error "this oneDNN has threads of its own, beside OpenMP's"
#endif

/* Version 3.1 is off by 2e-6 of the result; 2.6 and 3.7 are not. */
enum { ONEDNN_GELU_ERF_IS_OFF = DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR < 7 };

#if DNNL_VERSION_MAJOR == 2

#    include <stdlib.h>

typedef dnnl_memory_desc_t *onednn_shape;

static inline dnnl_status_t onednn_shape_destroy(onednn_shape shape) {
    free(shape);
    return dnnl_success;
}

static inline dnnl_status_t onednn_shape_create(onednn_shape *shape, int dimensions,
                                                const dnnl_dims_t sizes, const dnnl_dims_t strides,
                                                dnnl_data_type_t type) {
    *shape = malloc(sizeof **shape);
    return *shape == NULL
               ? dnnl_out_of_memory
               : dnnl_memory_desc_init_by_strides(*shape, dimensions, sizes, type, strides);
}

static inline dnnl_status_t onednn_append_sum(dnnl_post_ops_t post_ops, float scale) {
    return dnnl_post_ops_append_sum(post_ops, scale);
}

static inline dnnl_status_t onednn_append_eltwise(dnnl_post_ops_t post_ops,
                                                  dnnl_alg_kind_t algorithm, float alpha) {
    return dnnl_post_ops_append_eltwise(post_ops, 1, algorithm, alpha, 0);
}

static inline dnnl_status_t onednn_describe_matmul(dnnl_primitive_desc_t *primitive,
                                                   dnnl_engine_t engine, onednn_shape a,
                                                   onednn_shape b, onednn_shape bias,
                                                   onednn_shape c,
                                                   const_dnnl_primitive_attr_t attributes) {
    dnnl_matmul_desc_t description;
    dnnl_status_t status = dnnl_matmul_desc_init(&description, a, b, bias, c);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, attributes, engine, NULL);
}

static inline dnnl_status_t onednn_describe_softmax_forward(dnnl_primitive_desc_t *primitive,
                                                            dnnl_engine_t engine,
                                                            dnnl_alg_kind_t algorithm,
                                                            onednn_shape shape) {
    dnnl_softmax_v2_desc_t description;
    dnnl_status_t status = dnnl_softmax_v2_forward_desc_init(&description, dnnl_forward_training,
                                                             algorithm, shape, shape, 1);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, NULL);
}

static inline dnnl_status_t onednn_describe_softmax_backward(dnnl_primitive_desc_t *primitive,
                                                             dnnl_engine_t engine,
                                                             dnnl_alg_kind_t algorithm,
                                                             onednn_shape shape,
                                                             const_dnnl_primitive_desc_t forward) {
    dnnl_softmax_v2_desc_t description;
    dnnl_status_t status =
        dnnl_softmax_v2_backward_desc_init(&description, algorithm, shape, shape, shape, 1);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, forward);
}

static inline dnnl_status_t onednn_describe_layernorm(dnnl_primitive_desc_t *primitive,
                                                      dnnl_engine_t engine, onednn_shape shape,
                                                      onednn_shape numbers, float epsilon) {
    dnnl_layer_normalization_desc_t description;
    dnnl_status_t status = dnnl_layer_normalization_forward_desc_init(
        &description, dnnl_forward_training, shape, numbers, epsilon,
        dnnl_use_scale | dnnl_use_shift);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, NULL);
}

static inline dnnl_status_t onednn_describe_eltwise_forward(dnnl_primitive_desc_t *primitive,
                                                            dnnl_engine_t engine,
                                                            dnnl_alg_kind_t algorithm,
                                                            onednn_shape shape, float alpha) {
    dnnl_eltwise_desc_t description;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&description, dnnl_forward_training,
                                                          algorithm, shape, alpha, 0);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, NULL);
}

static inline dnnl_status_t onednn_describe_eltwise_backward(dnnl_primitive_desc_t *primitive,
                                                             dnnl_engine_t engine,
                                                             dnnl_alg_kind_t algorithm,
                                                             onednn_shape shape, float alpha,
                                                             const_dnnl_primitive_desc_t forward) {
    dnnl_eltwise_desc_t description;
    dnnl_status_t status =
        dnnl_eltwise_backward_desc_init(&description, algorithm, shape, shape, alpha, 0);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, forward);
}

#else

typedef dnnl_memory_desc_t onednn_shape;

static inline dnnl_status_t onednn_shape_destroy(onednn_shape shape) {
    return dnnl_memory_desc_destroy(shape);
}

static inline dnnl_status_t onednn_shape_create(onednn_shape *shape, int dimensions,
                                                const dnnl_dims_t sizes, const dnnl_dims_t strides,
                                                dnnl_data_type_t type) {
    return dnnl_memory_desc_create_with_strides(shape, dimensions, sizes, type, strides);
}

static inline dnnl_status_t onednn_append_sum(dnnl_post_ops_t post_ops, float scale) {
    return dnnl_post_ops_append_sum(post_ops, scale, 0, dnnl_data_type_undef);
}

static inline dnnl_status_t onednn_append_eltwise(dnnl_post_ops_t post_ops,
                                                  dnnl_alg_kind_t algorithm, float alpha) {
    return dnnl_post_ops_append_eltwise(post_ops, algorithm, alpha, 0);
}

static inline dnnl_status_t onednn_describe_matmul(dnnl_primitive_desc_t *primitive,
                                                   dnnl_engine_t engine, onednn_shape a,
                                                   onednn_shape b, onednn_shape bias,
                                                   onednn_shape c,
                                                   const_dnnl_primitive_attr_t attributes) {
    return dnnl_matmul_primitive_desc_create(primitive, engine, a, b, bias, c, attributes);
}

static inline dnnl_status_t onednn_describe_softmax_forward(dnnl_primitive_desc_t *primitive,
                                                            dnnl_engine_t engine,
                                                            dnnl_alg_kind_t algorithm,
                                                            onednn_shape shape) {
    return dnnl_softmax_forward_primitive_desc_create(primitive, engine, dnnl_forward_training,
                                                      algorithm, shape, shape, 1, NULL);
}

static inline dnnl_status_t onednn_describe_softmax_backward(dnnl_primitive_desc_t *primitive,
                                                             dnnl_engine_t engine,
                                                             dnnl_alg_kind_t algorithm,
                                                             onednn_shape shape,
                                                             const_dnnl_primitive_desc_t forward) {
    return dnnl_softmax_backward_primitive_desc_create(primitive, engine, algorithm, shape, shape,
                                                       shape, 1, forward, NULL);
}

static inline dnnl_status_t onednn_describe_layernorm(dnnl_primitive_desc_t *primitive,
                                                      dnnl_engine_t engine, onednn_shape shape,
                                                      onednn_shape numbers, float epsilon) {
    return dnnl_layer_normalization_forward_primitive_desc_create(
        primitive, engine, dnnl_forward_training, shape, shape, numbers, epsilon,
        dnnl_use_scale | dnnl_use_shift, NULL);
}

static inline dnnl_status_t onednn_describe_eltwise_forward(dnnl_primitive_desc_t *primitive,
                                                            dnnl_engine_t engine,
                                                            dnnl_alg_kind_t algorithm,
                                                            onednn_shape shape, float alpha) {
    return dnnl_eltwise_forward_primitive_desc_create(primitive, engine, dnnl_forward_training,
                                                      algorithm, shape, shape, alpha, 0, NULL);
}

static inline dnnl_status_t onednn_describe_eltwise_backward(dnnl_primitive_desc_t *primitive,
                                                             dnnl_engine_t engine,
                                                             dnnl_alg_kind_t algorithm,
                                                             onednn_shape shape, float alpha,
                                                             const_dnnl_primitive_desc_t forward) {
    return dnnl_eltwise_backward_primitive_desc_create(primitive, engine, algorithm, shape, shape,
                                                       shape, alpha, 0, forward, NULL);
}

#endif

#endif
